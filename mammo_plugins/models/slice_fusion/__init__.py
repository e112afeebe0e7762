"""Modules that fuse the slices of a proposal into one 3-D feature."""

from .base import FusedSlices, ObjectFeatureFusion, SliceFusion
from .malignancy_weighted import MalignancyWeightedFusion
from .mlp_regress import MLPRegressFusion
from .pooling import MaxFusion, MeanFusion
from .query_summary import QuerySummaryFusion
from .roi_attention import RoIAttentionFusion

__all__ = [
    'FusedSlices',
    'MLPRegressFusion',
    'MalignancyWeightedFusion',
    'MaxFusion',
    'MeanFusion',
    'ObjectFeatureFusion',
    'QuerySummaryFusion',
    'RoIAttentionFusion',
    'SliceFusion',
]
