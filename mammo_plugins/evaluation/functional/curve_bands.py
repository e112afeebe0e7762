"""Bands around curves: pointwise percentile intervals over bootstrap replicates of patients.

Glossary: X points, P patients, R replicates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from .froc import FrocEvents, recall_at_fp, resample_numbers
from .scored_cases import ScoredCases


@dataclass(frozen=True)
class CurveBand:
    """An interval at each of X points; NaN where fewer than two replicates are defined.

    Args:
        x: (X,) false positives per volume, or false-positive rate.
        low, high: (X,) ends of the interval of recall or sensitivity.
        level: coverage at each single point; the whole curve lies inside less often.
    """

    x: np.ndarray
    low: np.ndarray
    high: np.ndarray
    level: float = 0.95


def froc_band(events: FrocEvents, draws: np.ndarray, fp_points: Sequence[float], level: float = 0.95) -> CurveBand:
    """Band of the step curve's recall.

    Args:
        events: what was predicted.
        draws: (R, P) how often each patient occurs in each replicate.
        fp_points: X numbers of false positives per volume.
        level: coverage at each point.
    """
    numbers = [partial(recall_at_fp, fp_per_volume=point) for point in fp_points]
    return _band(fp_points, resample_numbers(events, numbers, draws, max(fp_points)), level)


def roc_band(cases: ScoredCases, draws: np.ndarray, rates: Sequence[float], level: float = 0.95) -> CurveBand:
    """Band of the sensitivity at the specificities ``1 - rates``.

    Args:
        cases: scored cases.
        draws: (R, P) how often each patient occurs in each replicate.
        rates: X false-positive rates.
        level: coverage at each point.
    """
    points = np.asarray(rates, np.float64)
    samples = np.array([cases.counts(patient_counts).sensitivity_within(points) for patient_counts in draws])
    return _band(points, samples, level)


def _band(x: Sequence[float], samples: np.ndarray, level: float) -> CurveBand:
    defined = samples[~np.isnan(samples).any(axis=1)]
    points = np.asarray(x, np.float64)
    if len(defined) < 2:
        return CurveBand(points, np.full(len(points), np.nan), np.full(len(points), np.nan), level)
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return CurveBand(points, low, high, level)
