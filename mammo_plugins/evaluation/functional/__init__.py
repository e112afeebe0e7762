"""Metrics as pure functions on arrays; numpy and scipy only."""

from .bootstrap import draw_patients, percentile_estimate
from .estimates import Estimate
from .froc import (
    FrocCurve,
    FrocEvents,
    area_under_froc,
    interpolated_recall_at_fp,
    recall_at_fp,
    resample_numbers,
)
from .roc import auc_with_delong, delong_covariance, roc_auc, roc_curve

__all__ = [
    'Estimate',
    'FrocCurve',
    'FrocEvents',
    'area_under_froc',
    'auc_with_delong',
    'delong_covariance',
    'draw_patients',
    'interpolated_recall_at_fp',
    'percentile_estimate',
    'recall_at_fp',
    'resample_numbers',
    'roc_auc',
    'roc_curve',
]
