"""Metrics for mmengine; unlike the rest of :mod:`mammo_plugins.evaluation` they need torch and mmdet."""

from .label_metric import LabelMetric
from .lesion_pair_metric import LesionPairMetric
from .picture_writer import PictureWriter
from .saliency_metric import SaliencyMetric
from .volume_detection_metric import VolumeDetectionMetric

__all__ = ['LabelMetric', 'LesionPairMetric', 'PictureWriter', 'SaliencyMetric', 'VolumeDetectionMetric']
