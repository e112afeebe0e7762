"""Transforms: those of a view that load its image, and those of a case.

``loading`` of :class:`~mammo_plugins.datasets.case_dataset.CaseDataset`: LoadMammogram, OrientCanonical, CropBreast,
ResizeBreast, MatchHistogram; they pass on 16-bit grey values. ``pipeline``: ShareGrid, RandomFlipViews,
RandomShiftScale, RandomIntensity, SampleSlice, PackCaseInputs.
"""

from .breast_crop import CropBreast
from .flip import RandomFlipViews
from .histogram import MatchHistogram, breast_histogram, mean_histogram
from .intensity import RandomIntensity
from .loading import LoadMammogram
from .orientation import OrientCanonical
from .packing import PackCaseInputs
from .pair_grid import ShareGrid
from .random_view import RandomViewTransform
from .resize import ResizeBreast
from .shift_scale import RandomShiftScale
from .slice_sampling import SampleSlice

__all__ = [
    'CropBreast',
    'LoadMammogram',
    'MatchHistogram',
    'OrientCanonical',
    'PackCaseInputs',
    'RandomFlipViews',
    'RandomIntensity',
    'RandomShiftScale',
    'RandomViewTransform',
    'ResizeBreast',
    'SampleSlice',
    'ShareGrid',
    'breast_histogram',
    'mean_histogram',
]
