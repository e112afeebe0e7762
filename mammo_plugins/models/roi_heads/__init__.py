"""RoI heads and their box heads."""

from .bbox_heads import SliceDIIHead
from .mass_matching_head import MassMatchingHead
from .multi_view_sparse_roi_head import MultiViewSparseRoIHead

__all__ = ['MassMatchingHead', 'MultiViewSparseRoIHead', 'SliceDIIHead']
