"""Classification into ordered or unordered classes, and calibration of probabilities.

Glossary: n cases, K classes.
"""

from __future__ import annotations

import numpy as np


def confusion_matrix(predicted: np.ndarray, labels: np.ndarray, num_classes: int) -> np.ndarray:
    """(K, K) number of cases of each true class (row) that were given each class (column).

    Args:
        predicted, labels: (n,) classes from 0.
        num_classes: K.

    Raises:
        ValueError: the shapes differ, or a class is outside 0 to K - 1.
    """
    predicted, labels = np.asarray(predicted), np.asarray(labels)
    if predicted.shape != labels.shape:
        raise ValueError(f'{predicted.shape} predictions and {labels.shape} labels do not belong together')
    for name, classes in (('prediction', predicted), ('label', labels)):
        outside = classes[(classes < 0) | (classes >= num_classes)]
        if len(outside):
            raise ValueError(f'{name} {outside[0]} is none of the {num_classes} classes from 0')
    pairs = labels.astype(np.int64) * num_classes + predicted.astype(np.int64)
    return np.bincount(pairs, minlength=num_classes**2).reshape(num_classes, num_classes)


def accuracy(confusion: np.ndarray) -> float:
    """Share of cases on the diagonal of a (K, K) confusion matrix; NaN without cases."""
    return float(np.trace(confusion) / confusion.sum()) if confusion.sum() else float('nan')


def balanced_accuracy(confusion: np.ndarray) -> float:
    """Mean share found of each class that occurs, of a (K, K) confusion matrix; NaN without cases."""
    cases = confusion.sum(axis=1)
    present = cases > 0
    return float(np.mean(np.diag(confusion)[present] / cases[present])) if present.any() else float('nan')


def quadratic_kappa(confusion: np.ndarray) -> float:
    """Cohen's kappa with quadratic weights, for classes in order such as BI-RADS or density.

    One less the mean squared distance of prediction and label, relative to that of independent draws with the same
    class frequencies. NaN where that is 0: a single class throughout.

    Args:
        confusion: (K, K).

    Source: Cohen 1968, weighted kappa.
    """
    classes = np.arange(len(confusion))
    distance = np.square(classes[:, None] - classes[None])
    by_chance = np.outer(confusion.sum(axis=1), confusion.sum(axis=0)) / max(confusion.sum(), 1)
    expected = (distance * by_chance).sum()
    return float(1 - (distance * confusion).sum() / expected) if expected else float('nan')


def brier_score(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Mean squared difference of (n,) probabilities of the positive class and (n,) labels.

    Raises:
        ValueError: the shapes differ, there is no case, or a probability leaves [0, 1] or is NaN.
    """
    probabilities, labels = _checked_probabilities(probabilities, labels)
    return float(np.mean(np.square(probabilities - labels)))


def expected_calibration_error(probabilities: np.ndarray, labels: np.ndarray, num_bins: int = 15) -> float:
    """Mean distance of probability and observed share of positives, in bins of equal width, weighted by their cases.

    Args:
        probabilities: (n,) of the positive class; a bin holds its upper edge, the first one 0 too.
        labels: (n,) bool.
        num_bins: bins between 0 and 1.

    Raises:
        ValueError: as for :func:`brier_score`, or there is no bin.

    Source: Naeini et al., AAAI 2015, for the positive class.
    """
    if num_bins < 1:
        raise ValueError(f'num_bins must be at least 1, got {num_bins}')
    probabilities, labels = _checked_probabilities(probabilities, labels)
    inner_edges = np.arange(1, num_bins) / num_bins  # the nearest numbers to k / n, as a probability of k / n is
    gaps = np.bincount(np.searchsorted(inner_edges, probabilities), probabilities - labels, num_bins)
    return float(np.abs(gaps).sum() / len(labels))


def _checked_probabilities(probabilities: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    probabilities, labels = np.asarray(probabilities, np.float64), np.asarray(labels, bool)
    if probabilities.shape != labels.shape:
        raise ValueError(f'{probabilities.shape} probabilities and {labels.shape} labels do not belong together')
    if not len(labels):
        raise ValueError('calibration needs at least one case')
    if not (probabilities.min() >= 0 and probabilities.max() <= 1):
        raise ValueError(
            f'probabilities must lie in [0, 1], got values from {probabilities.min():g} to {probabilities.max():g}'
        )
    return probabilities, labels
