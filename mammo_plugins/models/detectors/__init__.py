"""Detectors."""

from .efficientdet import EfficientDet
from .mammogram_detector import MammogramDetector
from .modality_fusion import ModalityFusionDetector
from .multi_view_sparse_rcnn import MultiViewSparseRCNN
from .slice_by_slice_rcnn import SliceBySliceRCNN

__all__ = [
    'EfficientDet',
    'MammogramDetector',
    'ModalityFusionDetector',
    'MultiViewSparseRCNN',
    'SliceBySliceRCNN',
]
