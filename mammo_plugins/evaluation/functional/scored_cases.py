"""Cases with a score and a yes-or-no label: how many of them pass each threshold, and what follows from that.

Both ROC and precision-recall curves, and every number read off them, are made of these counts. A bootstrap replicate is
the same list of cases with each patient counted as often as drawn.

Glossary: n cases, P patients, T thresholds.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

_ROUNDING = 1e-9  # of a share of cases: 1 - 0.9 is less than 0.1


@dataclass(frozen=True)
class ThresholdCounts:
    """How many cases pass, in order of falling threshold; the first threshold, plus infinity, lets none pass.

    Args:
        thresholds: (T,) a case passes when its score is at least this.
        true_positives, false_positives: (T,) positive and negative cases that pass; all of them at the last threshold.
    """

    thresholds: np.ndarray
    true_positives: np.ndarray
    false_positives: np.ndarray

    @property
    def has_both_classes(self) -> bool:
        """Whether there are positive and negative cases, as a ROC curve needs."""
        return bool(self.true_positives[-1] and self.false_positives[-1])

    @property
    def sensitivity(self) -> np.ndarray:
        """(T,) share of the positive cases that pass; NaN without any."""
        return _share(self.true_positives)

    @property
    def false_positive_rate(self) -> np.ndarray:
        """(T,) share of the negative cases that pass; NaN without any."""
        return _share(self.false_positives)

    @property
    def precision(self) -> np.ndarray:
        """(T,) share of the passing cases that are positive; 1 where none passes."""
        passing = self.true_positives + self.false_positives
        return np.divide(self.true_positives, passing, out=np.ones(len(passing)), where=passing > 0)

    def sensitivity_at(self, specificity: float) -> float:
        """Highest sensitivity among the thresholds whose specificity is at least the given one; NaN without a class."""
        return float(self.sensitivity_within(np.array([1 - specificity]))[0])

    def sensitivity_within(self, rates: np.ndarray) -> np.ndarray:
        """(X,) highest sensitivity with at most each of (X,) false-positive rates; NaN without a class."""
        if not self.has_both_classes:
            return np.full(len(rates), np.nan)
        return self.sensitivity[np.searchsorted(self.false_positive_rate, rates + _ROUNDING, side='right') - 1]

    def specificity_at(self, sensitivity: float) -> float:
        """Highest specificity among the thresholds whose sensitivity is at least the given one; NaN without a class."""
        if not self.has_both_classes:
            return float('nan')
        reached = min(np.searchsorted(self.sensitivity, sensitivity - _ROUNDING), len(self.thresholds) - 1)
        return float(1 - self.false_positive_rate[reached])

    def average_precision(self) -> float:
        """Sum of the precision at each threshold times the recall that it adds; NaN without positive case."""
        return float(self.precision @ np.diff(self.sensitivity, prepend=0))

    def auc(self) -> float:
        """Area under the ROC curve, ties counted as half; NaN without a class."""
        if not self.has_both_classes:
            return float('nan')
        heights = self.sensitivity[1:] + self.sensitivity[:-1]
        return float(np.diff(self.false_positive_rate) @ heights / 2)

    def vertices(self) -> ThresholdCounts:
        """The same ROC curve with only the points at which its direction changes, for plotting and storing."""
        steps = np.diff(self.true_positives), np.diff(self.false_positives)
        straight = steps[0][:-1] * steps[1][1:] == steps[0][1:] * steps[1][:-1]
        kept = np.ones(len(self.thresholds), bool)
        kept[1:-1] = ~straight
        return ThresholdCounts(self.thresholds[kept], self.true_positives[kept], self.false_positives[kept])


@dataclass(frozen=True)
class ScoredCases:
    """n cases.

    Args:
        scores: (n,) larger is more positive.
        labels: (n,) bool.
        patient: (n,) position of each case's patient.

    Raises:
        ValueError: the arrays differ in length.
    """

    scores: np.ndarray
    labels: np.ndarray
    patient: np.ndarray

    def __post_init__(self) -> None:
        if not np.shape(self.scores) == np.shape(self.labels) == np.shape(self.patient):
            shapes = [np.shape(values) for values in (self.scores, self.labels, self.patient)]
            raise ValueError(f'scores, labels and patients of shapes {shapes} do not belong together')

    @classmethod
    def of_single_patients(cls, scores: np.ndarray, labels: np.ndarray) -> ScoredCases:
        """Cases of which each stands for a patient of its own."""
        scores, labels = np.asarray(scores, np.float64), np.asarray(labels, bool)
        if scores.shape != labels.shape:
            raise ValueError(f'{scores.shape} scores and {labels.shape} labels do not belong together')
        return cls(scores, labels, np.arange(len(scores)))

    def __len__(self) -> int:
        return len(self.scores)

    @property
    def missing_class(self) -> str:
        """Why there is no ROC curve, empty where there is one."""
        if self.labels.any() and not self.labels.all():
            return ''
        return f'no {"negative" if self.labels.any() else "positive"} case among {len(self)}'

    def keep(self, mask: np.ndarray) -> ScoredCases:
        """The cases of a (n,) mask; patients keep their positions."""
        return ScoredCases(self.scores[mask], self.labels[mask], self.patient[mask])

    @cached_property
    def _order(self) -> np.ndarray:
        return np.argsort(-self.scores, kind='stable')

    @cached_property
    def _ends(self) -> np.ndarray:
        """Last position of each distinct score in order: cases with equal scores pass together."""
        ranked = self.scores[self._order]
        return np.flatnonzero(np.append(np.diff(ranked) != 0, np.ones(min(1, len(ranked)), bool)))

    def counts(self, patient_counts: np.ndarray | None = None) -> ThresholdCounts:
        """Over all thresholds that a score takes.

        Args:
            patient_counts: (P,) how often each patient counts, once by default.
        """
        weights = np.ones(len(self), np.int64) if patient_counts is None else patient_counts[self.patient]
        weights, positive = weights[self._order], self.labels[self._order]
        passed = [np.cumsum(weights * kind)[self._ends] for kind in (positive, ~positive)]
        true_positives, false_positives = (np.concatenate([[0], total]) for total in passed)
        thresholds = np.concatenate([[np.inf], self.scores[self._order][self._ends]])
        return ThresholdCounts(thresholds, true_positives, false_positives)


def _share(passed: np.ndarray) -> np.ndarray:
    return passed / passed[-1] if passed[-1] else np.full(len(passed), np.nan)
