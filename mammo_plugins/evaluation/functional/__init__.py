"""Metrics as pure functions on arrays; numpy and scipy only."""

from .bootstrap import draw_patients, percentile_estimate
from .estimates import Estimate
from .froc import FrocCurve, froc_curve, recall_at_fp, resampled_recall_at_fp
from .roc import auc_with_delong, delong_covariance, roc_auc, roc_curve

__all__ = [
    'Estimate',
    'FrocCurve',
    'auc_with_delong',
    'delong_covariance',
    'draw_patients',
    'froc_curve',
    'percentile_estimate',
    'recall_at_fp',
    'resampled_recall_at_fp',
    'roc_auc',
    'roc_curve',
]
