"""Detectors."""

from .efficientdet import EfficientDet
from .multi_view_sparse_rcnn import MultiViewSparseRCNN
from .slice_by_slice_rcnn import SliceBySliceRCNN

__all__ = ['EfficientDet', 'MultiViewSparseRCNN', 'SliceBySliceRCNN']
