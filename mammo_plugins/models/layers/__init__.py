"""Layers shared by detectors and heads."""

from .cross_view_attention import CrossViewAttention
from .mil_pooling import log_noisy_or, log_not_noisy_or
from .precision import at_least_float32, in_full_precision
from .shared_box_pooling import PooledBoxes, SharedBoxPooling
from .slice_dynamic_conv import SliceDynamicConv
from .slice_features import SliceFeatures
from .slice_layout import SliceLayout

__all__ = [
    'CrossViewAttention',
    'PooledBoxes',
    'SharedBoxPooling',
    'SliceDynamicConv',
    'SliceFeatures',
    'SliceLayout',
    'at_least_float32',
    'in_full_precision',
    'log_noisy_or',
    'log_not_noisy_or',
]
