"""Synthetic mammograms computed from tomosynthesis volumes, for data sets that come without any; tumours to insert."""

from .ball_and_shell import REACH, kernel_planes
from .mammogram_from_volume import RECIPE, mammogram_from_slices
from .tumour_bank import TumourBank, TumourRecord, write_bank
from .volume_statistics import GreyScale, VolumeStatistics, measure_slices

__all__ = [
    'REACH',
    'RECIPE',
    'GreyScale',
    'TumourBank',
    'TumourRecord',
    'VolumeStatistics',
    'kernel_planes',
    'mammogram_from_slices',
    'measure_slices',
    'write_bank',
]
