"""Classification into ordered or unordered classes, and calibration of probabilities.

Glossary: n cases, K classes.
"""

from __future__ import annotations

from dataclasses import dataclass

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


def macro_accuracy(confusion: np.ndarray) -> float:
    """Mean over the classes that occur of the share of cases whose membership in that class is told rightly.

    Each class is taken against all others, so its true negatives count: never below the accuracy. NaN without cases.

    Args:
        confusion: (K, K).
    """
    total, present = confusion.sum(), (confusion.sum(axis=0) + confusion.sum(axis=1)) > 0
    if not total:
        return float('nan')
    wrong = confusion.sum(axis=0) + confusion.sum(axis=1) - 2 * np.diag(confusion)
    return float(np.mean(1 - wrong[present] / total))


def linear_kappa(confusion: np.ndarray) -> float:
    """Cohen's kappa with linear weights: as :func:`quadratic_kappa`, of distances that are not squared.

    Source: Cohen 1968, weighted kappa.
    """
    return _weighted_kappa(confusion, 1)


def quadratic_kappa(confusion: np.ndarray) -> float:
    """Cohen's kappa with quadratic weights, for classes in order such as BI-RADS or density.

    One less the mean squared distance of prediction and label, relative to that of independent draws with the same
    class frequencies. NaN where that is 0: a single class throughout.

    Args:
        confusion: (K, K).

    Source: Cohen 1968, weighted kappa.
    """
    return _weighted_kappa(confusion, 2)


def _weighted_kappa(confusion: np.ndarray, power: int) -> float:
    classes = np.arange(len(confusion))
    distance = np.abs(classes[:, None] - classes[None]) ** power
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
    table = reliability_table(probabilities, labels, num_bins)
    return float(table.cases @ np.abs(table.mean_probability - table.share_positive) / table.cases.sum())


@dataclass(frozen=True)
class ReliabilityTable:
    """What a reliability diagram shows, one entry for each of the B bins that hold a case.

    Args:
        low, high: (B,) edges of the bin; it holds its upper edge, the first one 0 too.
        cases: (B,) cases in it.
        mean_probability: (B,) mean of their probabilities.
        share_positive: (B,) share of positives among them.
    """

    low: np.ndarray
    high: np.ndarray
    cases: np.ndarray
    mean_probability: np.ndarray
    share_positive: np.ndarray


def reliability_table(probabilities: np.ndarray, labels: np.ndarray, num_bins: int = 15) -> ReliabilityTable:
    """Probability against observed share of positives, in bins of equal width.

    Args:
        probabilities, labels, num_bins: as for :func:`expected_calibration_error`.

    Raises:
        ValueError: as for :func:`expected_calibration_error`.
    """
    if num_bins < 1:
        raise ValueError(f'num_bins must be at least 1, got {num_bins}')
    probabilities, labels = _checked_probabilities(probabilities, labels)
    edges = np.arange(num_bins + 1) / num_bins  # the nearest numbers to k / n, as a probability of k / n is
    chosen = np.searchsorted(edges[1:-1], probabilities)
    cases = np.bincount(chosen, minlength=num_bins)
    used = np.flatnonzero(cases)
    mean, share = (np.bincount(chosen, values, num_bins)[used] / cases[used] for values in (probabilities, labels))
    return ReliabilityTable(edges[used], edges[used + 1], cases[used], mean, share)


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
