"""The numbers of a predicted label, on all cases and on bootstrap replicates of patients.

Glossary: n cases, K classes, P patients, R replicates.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .functional import (
    ScoredCases,
    accuracy,
    balanced_accuracy,
    brier_score,
    confusion_matrix,
    expected_calibration_error,
    linear_kappa,
    macro_accuracy,
    quadratic_kappa,
    single_cases,
)
from .number_samples import NumberSample

NUM_BINS = 15


@dataclass(frozen=True)
class LabelCases:
    """Cases of which truth and prediction of a label are known.

    Args:
        probabilities: (n,), or (n, K) for a label with K classes.
        truth: (n,) class, 0 or 1 without classes.
        patient: (n,) position of each case's patient.
        threshold: probability from which on a label without classes is called present.
    """

    probabilities: np.ndarray
    truth: np.ndarray
    patient: np.ndarray
    threshold: float = 0.5

    def __len__(self) -> int:
        return len(self.truth)

    @property
    def num_classes(self) -> int:
        return 2 if self.probabilities.ndim == 1 else self.probabilities.shape[1]

    @property
    def called(self) -> np.ndarray:
        """(n,) predicted class: the most probable one, the first of equally probable ones."""
        if self.probabilities.ndim == 1:
            return (self.probabilities >= self.threshold).astype(np.int64)
        return self.probabilities.argmax(axis=1)

    @property
    def confusion(self) -> np.ndarray:
        """(K, K) true class (row) against predicted class (column)."""
        return confusion_matrix(self.called, self.truth, self.num_classes)

    def take(self, rows: np.ndarray) -> LabelCases:
        """Some cases, possibly several times."""
        return LabelCases(self.probabilities[rows], self.truth[rows], self.patient[rows], self.threshold)

    def numbers(self) -> dict[str, float]:
        """Every number by name, NaN where it does not exist."""
        confusion = self.confusion
        shares = {
            'accuracy': accuracy(confusion),
            'balanced_accuracy': balanced_accuracy(confusion),
            'macro_accuracy': macro_accuracy(confusion),
        }
        if self.probabilities.ndim == 1:
            return self._of_presence(confusion) | shares
        per_class = [
            ScoredCases.of_single_patients(self.probabilities[:, k], self.truth == k).counts().auc()
            for k in range(self.num_classes)
        ]
        known = [auc for auc in per_class if not np.isnan(auc)]
        confidence = self.probabilities.max(axis=1)
        right = self.called == self.truth
        return {
            'macro_auc': float(np.mean(known)) if known else float('nan'),
            **shares,
            'linear_kappa': linear_kappa(confusion),
            'quadratic_kappa': quadratic_kappa(confusion),
            'ece': expected_calibration_error(np.minimum(confidence, 1), right, NUM_BINS) if len(self) else np.nan,
        }

    def _of_presence(self, confusion: np.ndarray) -> dict[str, float]:
        counts = ScoredCases.of_single_patients(self.probabilities, self.truth).counts()
        negatives, positives = confusion.sum(axis=1)
        labels = self.truth.astype(bool)
        return {
            'auc': counts.auc() if counts.has_both_classes else float('nan'),
            'average_precision': counts.average_precision(),
            'sensitivity': float(confusion[1, 1] / positives) if positives else float('nan'),
            'specificity': float(confusion[0, 0] / negatives) if negatives else float('nan'),
            'brier': brier_score(self.probabilities, labels) if len(self) else float('nan'),
            'ece': expected_calibration_error(self.probabilities, labels, NUM_BINS) if len(self) else float('nan'),
        }

    def samples(self, draws: np.ndarray | None) -> dict[str, NumberSample]:
        """Every number with its replicates.

        Args:
            draws: (R, P) how often each patient counts; None for no replicates.
        """
        numbers = self.numbers()
        if draws is None:
            return {name: NumberSample(value, missing=_missing(value)) for name, value in numbers.items()}
        replicates = [self.take(np.repeat(np.arange(len(self)), counts[self.patient])).numbers() for counts in draws]
        return {
            name: NumberSample(value, np.asarray([one[name] for one in replicates]) if value == value else None,
                               _missing(value), self._share_patients(name))
            for name, value in numbers.items()
        }  # fmt: skip

    def _share_patients(self, number: str) -> int:
        """Of a number that is a share of cases, how many these are where each is of another patient; else 0."""
        if number == 'accuracy':
            return single_cases(self.patient)
        kind = {'sensitivity': 1, 'specificity': 0}.get(number)
        return 0 if kind is None else single_cases(self.patient[self.truth == kind])


def plain_table(arrays: Mapping[str, np.ndarray]) -> dict[str, list[float]]:
    """Arrays as lists for json."""
    return {name: np.asarray(values).tolist() for name, values in arrays.items()}


def _missing(value: float) -> str:
    return 'needs cases of more than one class' if np.isnan(value) else ''
