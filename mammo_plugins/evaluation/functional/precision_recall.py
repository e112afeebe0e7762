"""Precision against recall, and the area under it.

Glossary: n cases, T distinct scores, L levels.
"""

from __future__ import annotations

import numpy as np


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
    scores, labels = np.asarray(scores, np.float64), np.asarray(labels, bool)
    if scores.shape != labels.shape:
        raise ValueError(f'{scores.shape} scores and {labels.shape} labels do not belong together')
    if not labels.any():
        raise ValueError(f'precision and recall need a positive case, got none among {len(labels)}')
    thresholds, level = np.unique(scores, return_inverse=True)
    positives, cases = (np.bincount(level, weights, len(thresholds))[::-1] for weights in (labels, None))
    found = np.cumsum(positives)
    return found / np.cumsum(cases), found / found[-1], thresholds[::-1]


def average_precision(scores: np.ndarray, labels: np.ndarray) -> float:
    """Sum of the precision at each threshold times the recall that it adds.

    Args:
        scores: (n,) larger is more positive.
        labels: (n,) bool.

    Raises:
        ValueError: as for :func:`precision_recall_curve`.
    """
    precision, recall, _ = precision_recall_curve(scores, labels)
    return float(precision @ np.diff(recall, prepend=0))


def average_precision_of_counts(positives: np.ndarray, negatives: np.ndarray) -> float:
    """The same from (L,) numbers of positive and negative cases at each score level, lowest level first.

    NaN without a positive case.
    """
    found, accepted = (np.cumsum(counts[::-1]) for counts in (positives, positives + negatives))
    if found[-1] == 0:
        return float('nan')
    precision = np.divide(found, accepted, out=np.zeros(len(found)), where=accepted > 0)
    return float(precision @ np.diff(found, prepend=0) / found[-1])
