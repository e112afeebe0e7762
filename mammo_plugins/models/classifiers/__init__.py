"""Models that learn from labels of images and cases, and may show where they saw what they say."""

from .fusion_module import FusionModule
from .global_local_classifier import GlobalLocalClassifier
from .global_module import GlobalModule
from .local_module import LocalModule
from .mammogram_classifier import MammogramClassifier
from .patch_aggregation import AttendedPatches, AttendedRepresentation, ConcatenatedPatches

__all__ = [
    'AttendedPatches',
    'AttendedRepresentation',
    'ConcatenatedPatches',
    'FusionModule',
    'GlobalLocalClassifier',
    'GlobalModule',
    'LocalModule',
    'MammogramClassifier',
]
