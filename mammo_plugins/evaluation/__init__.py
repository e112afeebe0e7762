"""Scoring of predictions; nothing here needs torch, except :mod:`mammo_plugins.evaluation.metrics`."""

from .compare import ModelComparison, compare_detections
from .detection_truth import DetectionTruth, truth_from_annotations
from .disagreements import ComparedModel, Disagreements, find_disagreements
from .evaluate import DetectionResult, evaluate_detections
from .evaluate_labels import LabelResult, compare_labels, evaluate_label_subgroups, evaluate_labels
from .group_averages import GroupAverage, average_detections, average_labels
from .hit_rules import HIT_PIXELS_OF
from .image_names import image_key, image_keys
from .label_predictions import (
    LabelKey,
    LabelPredictions,
    gather_labels,
    is_label_file,
    read_labels,
    write_labels,
)
from .matching import MatchedDetections, match_detections
from .operating_points import OperatingPoint, choose_threshold
from .predictions import ImageKey, ImagePredictions, Predictions, PredictionsError, gather_predictions
from .predictions_csv import read_predictions, write_predictions
from .protocols import PROTOCOLS, DetectionProtocol, choose_protocols, get_protocol
from .release_frame import exchange_frames
from .reported_numbers import (
    BREAST_NUMBERS,
    BreastNumber,
    CocoAveragePrecision,
    CountedVolumes,
    FrocArea,
    MeanInterpolatedRecall,
    MeanRecall,
    RecallAtFp,
)
from .subgroup_differences import subgroup_differences
from .subgroups import SUBGROUPS, evaluate_subgroups

__all__ = [
    'write_labels',
    'read_labels',
    'is_label_file',
    'gather_labels',
    'evaluate_labels',
    'evaluate_label_subgroups',
    'compare_labels',
    'LabelResult',
    'LabelPredictions',
    'LabelKey',
    'BREAST_NUMBERS',
    'HIT_PIXELS_OF',
    'PROTOCOLS',
    'SUBGROUPS',
    'BreastNumber',
    'CocoAveragePrecision',
    'ComparedModel',
    'CountedVolumes',
    'DetectionProtocol',
    'DetectionResult',
    'DetectionTruth',
    'Disagreements',
    'FrocArea',
    'GroupAverage',
    'ImageKey',
    'ImagePredictions',
    'MatchedDetections',
    'MeanInterpolatedRecall',
    'MeanRecall',
    'ModelComparison',
    'OperatingPoint',
    'Predictions',
    'PredictionsError',
    'RecallAtFp',
    'average_detections',
    'average_labels',
    'choose_protocols',
    'choose_threshold',
    'compare_detections',
    'evaluate_detections',
    'evaluate_subgroups',
    'exchange_frames',
    'find_disagreements',
    'gather_predictions',
    'get_protocol',
    'image_key',
    'image_keys',
    'match_detections',
    'read_predictions',
    'subgroup_differences',
    'truth_from_annotations',
    'write_predictions',
]
