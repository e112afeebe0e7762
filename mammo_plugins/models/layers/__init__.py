"""Layers shared by detectors and heads."""

from .cam_refinement import class_activation, gate_by_label, refine_cam, stretch_cam
from .cross_view_attention import CrossViewAttention
from .gated_attention import GatedAttention
from .log_sum_exp_pooling import LogSumExpPooling
from .mil_pooling import log_noisy_or, log_not_noisy_or
from .patch_selection import GreedyPatchSelection, PatchSelection, RandomPatchSelection, cut_patches, lay_patches
from .precision import at_least_float32, in_full_precision
from .shared_box_pooling import PooledBoxes, SharedBoxPooling
from .slice_dynamic_conv import SliceDynamicConv
from .slice_features import SliceFeatures
from .slice_layout import SliceLayout
from .top_fraction_pooling import pool_top_fraction

__all__ = [
    'CrossViewAttention',
    'GatedAttention',
    'GreedyPatchSelection',
    'LogSumExpPooling',
    'PatchSelection',
    'PooledBoxes',
    'RandomPatchSelection',
    'SharedBoxPooling',
    'SliceDynamicConv',
    'SliceFeatures',
    'SliceLayout',
    'at_least_float32',
    'class_activation',
    'cut_patches',
    'gate_by_label',
    'in_full_precision',
    'lay_patches',
    'log_noisy_or',
    'log_not_noisy_or',
    'pool_top_fraction',
    'refine_cam',
    'stretch_cam',
]
