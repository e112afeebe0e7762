"""Detectors."""

from .multi_view_sparse_rcnn import MultiViewSparseRCNN

__all__ = ['MultiViewSparseRCNN']
