"""Scoring of predictions; nothing here needs torch, except :mod:`mammo_plugins.evaluation.metrics`."""

from .compare import ModelComparison, compare_detections
from .detection_truth import DetectionTruth, image_key, truth_from_annotations
from .evaluate import DetectionResult, evaluate_detections
from .matching import MatchedDetections, match_detections
from .predictions import ImageKey, ImagePredictions, Predictions, PredictionsError, gather_predictions
from .predictions_csv import read_predictions, write_predictions
from .protocols import PROTOCOLS, DetectionProtocol, get_protocol
from .reported_numbers import (
    CocoAveragePrecision,
    CountedVolumes,
    FrocArea,
    MeanInterpolatedRecall,
    MeanRecall,
    RecallAtFp,
)
from .subgroups import SUBGROUPS, evaluate_subgroups

__all__ = [
    'PROTOCOLS',
    'SUBGROUPS',
    'CocoAveragePrecision',
    'CountedVolumes',
    'DetectionProtocol',
    'DetectionResult',
    'DetectionTruth',
    'FrocArea',
    'ImageKey',
    'ImagePredictions',
    'MatchedDetections',
    'MeanInterpolatedRecall',
    'MeanRecall',
    'ModelComparison',
    'Predictions',
    'PredictionsError',
    'RecallAtFp',
    'compare_detections',
    'evaluate_detections',
    'evaluate_subgroups',
    'gather_predictions',
    'get_protocol',
    'image_key',
    'match_detections',
    'read_predictions',
    'truth_from_annotations',
    'write_predictions',
]
