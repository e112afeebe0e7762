"""Metrics as pure functions on arrays; numpy and scipy only."""

from .bootstrap import CLOPPER_PEARSON, draw_patients, number_estimate, percentile_estimate, single_cases
from .classification import (
    ReliabilityTable,
    accuracy,
    balanced_accuracy,
    brier_score,
    confusion_matrix,
    expected_calibration_error,
    linear_kappa,
    macro_accuracy,
    quadratic_kappa,
    reliability_table,
)
from .coco_average_precision import RankedDetections
from .comparison import PairedDifference, as_ranks, bootstrap_difference, compare_aucs, permutation_difference
from .curve_bands import CurveBand, froc_band, roc_band
from .estimates import Estimate, plain_values
from .found_patterns import all_patterns, count_missed, count_patterns
from .froc import (
    NO_FINDING,
    NO_VOLUME,
    FrocCurve,
    FrocEvents,
    area_under_froc,
    interpolated_recall_at_fp,
    mean_recall_at_fp,
    recall_at_fp,
    resample_numbers,
)
from .lesion_pairs import PairCounts, count_pairs, pair_accuracy
from .multiplicity import holm_adjusted
from .operating_points import (
    DetectionCounts,
    count_at_threshold,
    sensitivity_at_specificity,
    specificity_at_sensitivity,
    threshold_at_fp,
)
from .pixel_average_precision import PixelAveragePrecision
from .pixel_resampling import PatientPixelCounts
from .precision_recall import average_precision, precision_recall_curve
from .roc import auc_with_delong, delong_covariance, roc_auc, roc_curve
from .scored_cases import ScoredCases, ThresholdCounts
from .segmentation import (
    TIOR_THRESHOLDS,
    TIOU_THRESHOLDS,
    dice,
    intersection_over_region,
    intersection_over_truth,
    intersection_over_union,
    mean_share_reaching,
    soft_dice,
)
from .style_fidelity import StructureChanges, bright_structures, compare_structures, lesion_contrast, lesion_region

__all__ = [
    'CLOPPER_PEARSON',
    'NO_FINDING',
    'NO_VOLUME',
    'TIOR_THRESHOLDS',
    'TIOU_THRESHOLDS',
    'CurveBand',
    'DetectionCounts',
    'Estimate',
    'FrocCurve',
    'FrocEvents',
    'PairCounts',
    'PairedDifference',
    'PatientPixelCounts',
    'PixelAveragePrecision',
    'RankedDetections',
    'ReliabilityTable',
    'ScoredCases',
    'StructureChanges',
    'ThresholdCounts',
    'accuracy',
    'all_patterns',
    'area_under_froc',
    'as_ranks',
    'auc_with_delong',
    'average_precision',
    'balanced_accuracy',
    'bootstrap_difference',
    'brier_score',
    'bright_structures',
    'compare_aucs',
    'compare_structures',
    'confusion_matrix',
    'count_at_threshold',
    'count_missed',
    'count_pairs',
    'count_patterns',
    'delong_covariance',
    'dice',
    'draw_patients',
    'expected_calibration_error',
    'froc_band',
    'holm_adjusted',
    'interpolated_recall_at_fp',
    'intersection_over_region',
    'intersection_over_truth',
    'intersection_over_union',
    'lesion_contrast',
    'lesion_region',
    'linear_kappa',
    'macro_accuracy',
    'mean_recall_at_fp',
    'mean_share_reaching',
    'number_estimate',
    'pair_accuracy',
    'percentile_estimate',
    'permutation_difference',
    'plain_values',
    'precision_recall_curve',
    'quadratic_kappa',
    'recall_at_fp',
    'reliability_table',
    'resample_numbers',
    'roc_auc',
    'roc_band',
    'roc_curve',
    'sensitivity_at_specificity',
    'single_cases',
    'soft_dice',
    'specificity_at_sensitivity',
    'threshold_at_fp',
]
