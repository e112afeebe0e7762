"""Metrics for mmengine; unlike the rest of :mod:`mammo_plugins.evaluation` they need torch and mmdet."""

from .volume_detection_metric import VolumeDetectionMetric

__all__ = ['VolumeDetectionMetric']
