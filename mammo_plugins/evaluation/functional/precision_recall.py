"""Precision against recall, and the area under it.

Glossary: n cases, T distinct scores, L levels.
"""

from __future__ import annotations

import numpy as np

from .scored_cases import ScoredCases


def precision_recall_curve(scores: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Precision, recall and threshold of every operating point, in order of falling threshold.

    Cases with equal scores pass together.

    Args:
        scores: (n,) larger is more positive.
        labels: (n,) bool.

    Returns:
        Three (T,) arrays.

    Raises:
        ValueError: there is no positive case, or the shapes differ.
    """
    counts = _with_a_positive(scores, labels).counts()
    return counts.precision[1:], counts.sensitivity[1:], counts.thresholds[1:]


def average_precision(scores: np.ndarray, labels: np.ndarray) -> float:
    """Sum of the precision at each threshold times the recall that it adds.

    Args:
        scores: (n,) larger is more positive.
        labels: (n,) bool.

    Raises:
        ValueError: as for :func:`precision_recall_curve`.
    """
    return _with_a_positive(scores, labels).counts().average_precision()


def average_precision_of_counts(positives: np.ndarray, negatives: np.ndarray) -> float:
    """The same from (L,) numbers of positive and negative cases at each score level, lowest level first.

    NaN without a positive case.
    """
    found, accepted = (np.cumsum(counts[::-1]) for counts in (positives, positives + negatives))
    if found[-1] == 0:
        return float('nan')
    precision = np.divide(found, accepted, out=np.zeros(len(found)), where=accepted > 0)
    return float(precision @ np.diff(found, prepend=0) / found[-1])


def _with_a_positive(scores: np.ndarray, labels: np.ndarray) -> ScoredCases:
    cases = ScoredCases.of_single_patients(scores, labels)
    if not cases.labels.any():
        raise ValueError(f'precision and recall need a positive case, got none among {len(cases)}')
    return cases
