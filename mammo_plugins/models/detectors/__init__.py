"""Detectors."""

from .efficientdet import EfficientDet
from .mammogram_detector import MammogramDetector
from .mass_matching_detector import MassMatchingDetector
from .modality_fusion import ModalityFusionDetector
from .multi_view_sparse_rcnn import MultiViewSparseRCNN
from .slice_by_slice_rcnn import SliceBySliceRCNN

__all__ = [
    'EfficientDet',
    'MammogramDetector',
    'MassMatchingDetector',
    'ModalityFusionDetector',
    'MultiViewSparseRCNN',
    'SliceBySliceRCNN',
]
