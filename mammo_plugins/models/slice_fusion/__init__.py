"""Modules that fuse the slices of a proposal into one 3-D feature."""

from .base import FusedSlices, SliceFusion
from .malignancy_weighted import MalignancyWeightedFusion

__all__ = ['FusedSlices', 'MalignancyWeightedFusion', 'SliceFusion']
