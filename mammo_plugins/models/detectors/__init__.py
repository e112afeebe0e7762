"""Detectors."""

from .multi_view_sparse_rcnn import MultiViewSparseRCNN
from .slice_by_slice_rcnn import SliceBySliceRCNN

__all__ = ['MultiViewSparseRCNN', 'SliceBySliceRCNN']
