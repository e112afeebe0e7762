"""Area under the ROC curve and its variance.

Glossary: n cases, m positives, k negatives, M readers or models that scored the same cases.
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri
from scipy.stats import rankdata

from .estimates import Estimate
from .scored_cases import ScoredCases


def roc_curve(scores: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """False-positive rate, true-positive rate and threshold of every operating point, from none accepted to all.

    Args:
        scores: (n,) larger is more positive.
        labels: (n,) bool.

    Returns:
        Three (T,) arrays in order of falling threshold; the first threshold is plus infinity.

    Raises:
        ValueError: one of the classes is empty.
    """
    counts = cases_of_both_classes(scores, labels).counts()
    return counts.false_positive_rate, counts.sensitivity, counts.thresholds


def roc_auc(scores: np.ndarray, labels: np.ndarray) -> float:
    """Probability that a positive case scores above a negative one, ties counted as half (Mann-Whitney).

    Raises:
        ValueError: one of the classes is empty.
    """
    return float(delong_covariance(np.asarray(scores)[None], labels)[0][0])


def delong_covariance(scores: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """AUCs of M models on the same cases, and their covariance.

    The components of each case (the share of the other class that it beats) follow from midranks within the class and
    in the whole, which takes a sort instead of all pairs.

    Args:
        scores: (M, n).
        labels: (n,) bool.

    Returns:
        (M,) AUC and (M, M) covariance; the covariance is NaN where a class has a single case.

    Raises:
        ValueError: one of the classes is empty.

    Source: DeLong, DeLong and Clarke-Pearson 1988, equations 2 to 5; Sun and Xu 2014 for the midranks.
    """
    models = [cases_of_both_classes(row, labels) for row in scores]
    positives = np.stack([cases.scores[cases.labels] for cases in models])
    negatives = np.stack([cases.scores[~cases.labels] for cases in models])
    m, k = positives.shape[1], negatives.shape[1]
    together = rankdata(np.concatenate([positives, negatives], axis=1), axis=1)
    beaten_negatives = (together[:, :m] - rankdata(positives, axis=1)) / k
    beating_positives = 1 - (together[:, m:] - rankdata(negatives, axis=1)) / m
    covariance = _sample_covariance(beaten_negatives) / m + _sample_covariance(beating_positives) / k
    return beaten_negatives.mean(axis=1), covariance


def auc_with_delong(scores: np.ndarray, labels: np.ndarray, level: float = 0.95) -> Estimate:
    """AUC with DeLong's standard error and the normal interval, cut at 0 and 1.

    Gives NaN and the reason where only one class is present.
    """
    if missing := ScoredCases.of_single_patients(scores, labels).missing_class:
        return Estimate(float('nan'), level=level, reason=missing)
    aucs, covariance = delong_covariance(np.asarray(scores, np.float64)[None], labels)
    auc, error = float(aucs[0]), float(np.sqrt(covariance[0, 0]))
    margin = float(ndtri((1 + level) / 2)) * error
    return Estimate(
        value=auc,
        standard_error=error,
        low=max(0.0, auc - margin),
        high=min(1.0, auc + margin),
        level=level,
        method='DeLong',
        reason=_doubt(error),
    )


def _doubt(error: float) -> str:
    if np.isnan(error):
        return 'a class with a single case has no variance'
    return '' if error else "the interval has no width, which is no certainty: DeLong's variance is 0"


def cases_of_both_classes(scores: np.ndarray, labels: np.ndarray) -> ScoredCases:
    """Cases that a ROC can be made of.

    Raises:
        ValueError: one of the classes is empty, or the shapes differ.
    """
    cases = ScoredCases.of_single_patients(scores, labels)
    if cases.missing_class:
        raise ValueError(f'a ROC needs both classes, got {int(cases.labels.sum())} positives among {len(cases)} cases')
    return cases


def _sample_covariance(components: np.ndarray) -> np.ndarray:
    """(M, M) unbiased covariance of (M, n) components, NaN for a single case."""
    count = components.shape[1]
    if count < 2:
        return np.full((len(components), len(components)), np.nan)
    centred = components - components.mean(axis=1, keepdims=True)
    return centred @ centred.T / (count - 1)
