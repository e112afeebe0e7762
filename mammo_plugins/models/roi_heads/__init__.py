"""RoI heads and their box heads."""

from .bbox_heads import SliceDIIHead
from .multi_view_sparse_roi_head import MultiViewSparseRoIHead

__all__ = ['MultiViewSparseRoIHead', 'SliceDIIHead']
