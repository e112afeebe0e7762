"""Transforms: those of a view that load its image, and those of a case.

``loading`` of :class:`~mammo_plugins.datasets.case_dataset.CaseDataset`: LoadMammogram, OrientCanonical, CropBreast,
ResizeBreast, ResizeToSquare or CutWindow, MatchHistogram; they pass on 16-bit grey values. ``pipeline``: ShareGrid,
ResamplePixels, CropFinding, RandomFlipViews, RandomShiftScale, RandomIntensity, SampleSlice, LocateLandmarks,
PackCaseInputs. For pretraining: MakeCopies of RandomStyle, RandomRotation, RandomResizedCropBreast, RandomFlipViews,
RandomGreyJitter and RandomBlur, or of RandomCropBreast alone for styles, then PackCopies. BigAug has RandomBlur,
RandomSharpen, RandomNoise, RandomLinearGrey, RandomGamma, RandomRotation, RandomShiftScale and RandomElastic.
For pairs of breasts: InsertTumours, right before PackCaseInputs. For robustness: RandomJPEG and others of the grey
scale in RepeatableDraw, in ``loading``.
"""

from .blur import RandomBlur
from .breast_crop import CropBreast
from .copies import MakeCopies, PackCopies
from .elastic import RandomElastic
from .finding_crop import CropFinding
from .flip import RandomFlipViews
from .grey_jitter import RandomGreyJitter
from .grey_scale import RandomGamma, RandomLinearGrey
from .histogram import MatchHistogram, breast_histogram, mean_histogram
from .intensity import RandomIntensity
from .jpeg import RandomJPEG
from .landmarks import LocateLandmarks
from .loading import LoadMammogram
from .noise import RandomNoise
from .orientation import OrientCanonical
from .packing import PackCaseInputs
from .pair_grid import ShareGrid
from .random_crop import RandomCropBreast
from .random_view import RandomViewTransform
from .repeatable_draw import RepeatableDraw
from .resample_pixels import ResamplePixels
from .resize import ResizeBreast
from .resized_crop import RandomResizedCropBreast
from .rotation import RandomRotation
from .sharpen import RandomSharpen
from .shift_scale import RandomShiftScale
from .side_alignment import AlignSides
from .slice_sampling import SampleSlice
from .square_resize import ResizeToSquare
from .style import RandomStyle, ShowStyle, StyleBank
from .tumour_synthesis import InsertTumours
from .window import CutWindow

__all__ = [
    'AlignSides',
    'CropBreast',
    'CropFinding',
    'CutWindow',
    'InsertTumours',
    'LoadMammogram',
    'LocateLandmarks',
    'MakeCopies',
    'MatchHistogram',
    'OrientCanonical',
    'PackCaseInputs',
    'PackCopies',
    'RandomBlur',
    'RandomCropBreast',
    'RandomElastic',
    'RandomFlipViews',
    'RandomGamma',
    'RandomGreyJitter',
    'RandomIntensity',
    'RandomJPEG',
    'RandomLinearGrey',
    'RandomNoise',
    'RandomResizedCropBreast',
    'RandomRotation',
    'RandomSharpen',
    'RandomShiftScale',
    'RandomStyle',
    'ShowStyle',
    'RandomViewTransform',
    'RepeatableDraw',
    'ResamplePixels',
    'ResizeBreast',
    'ResizeToSquare',
    'SampleSlice',
    'ShareGrid',
    'StyleBank',
    'breast_histogram',
    'mean_histogram',
]
