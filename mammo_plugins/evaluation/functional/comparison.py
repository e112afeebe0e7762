"""Whether two models differ, when both scored the same patients.

Glossary: n cases, P patients, R replicates. A difference is always the second model less the first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np
from scipy.special import ndtr, ndtri
from scipy.stats import rankdata

from .bootstrap import percentile_estimate
from .estimates import plain_values
from .roc import delong_covariance

_SMALLEST_ERROR = 1e-9  # of a difference; smaller ones are rounding


@dataclass(frozen=True)
class PairedDifference:
    """A difference of two models with its uncertainty.

    Args:
        first, second: the number of each model.
        difference: second less first.
        low, high: ends of the interval, NaN where the method gives none.
        p_value: two-sided, of no difference; NaN where undefined.
        level: coverage of the interval.
        method: how interval and p-value were obtained.
        reason: why something is undefined or doubtful, empty otherwise.
    """

    first: float
    second: float
    difference: float
    low: float = float('nan')
    high: float = float('nan')
    p_value: float = float('nan')
    level: float = 0.95
    method: str = ''
    reason: str = ''

    def as_dict(self) -> dict[str, float | str | None]:
        """Plain values for json, None for NaN."""
        return plain_values(asdict(self))


def compare_aucs(scores: np.ndarray, labels: np.ndarray, level: float = 0.95) -> PairedDifference:
    """DeLong's test of two AUCs on the same cases.

    Args:
        scores: (2, n) scores of the two models.
        labels: (n,) bool.
        level: coverage of the interval.

    Raises:
        ValueError: one of the classes is empty, or there are not two models.

    Source: DeLong, DeLong and Clarke-Pearson 1988, equation 6.
    """
    if len(scores) != 2:
        raise ValueError(f'compare_aucs compares two models, got {len(scores)}')
    aucs, covariance = delong_covariance(np.asarray(scores, np.float64), labels)
    first, second = map(float, aucs)
    difference = second - first
    variance = float(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
    if np.isnan(variance):
        return PairedDifference(
            first, second, difference, level=level, method='DeLong', reason='a class with a single case has no variance'
        )
    error = float(np.sqrt(max(variance, 0.0)))
    same_order = error < _SMALLEST_ERROR
    margin = float(ndtri((1 + level) / 2)) * error
    return PairedDifference(
        first=first,
        second=second,
        difference=difference,
        low=difference - margin,
        high=difference + margin,
        p_value=(1.0 if same_order else float(2 * ndtr(-abs(difference) / error))),
        level=level,
        method='DeLong',
        reason='the models rank all cases alike' if same_order else '',
    )


def bootstrap_difference(
    first: float, second: float, first_samples: np.ndarray, second_samples: np.ndarray, level: float = 0.95
) -> PairedDifference:
    """Percentile interval and two-sided p-value of a difference, from replicates that both models share.

    The p-value is twice the smaller share of replicates on one side of 0, zeros on both, with one replicate added so
    that it is never 0.

    Args:
        first, second: numbers of the models on the full data.
        first_samples, second_samples: (R,) replicates; row r of both comes from the same drawn patients.
        level: coverage of the interval.

    Raises:
        ValueError: the models have different numbers of replicates.

    Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993), sections 13.3 and 15.4.
    """
    if first_samples.shape != second_samples.shape:
        raise ValueError(f'{first_samples.shape} and {second_samples.shape} replicates are not paired')
    differences = second_samples - first_samples
    estimate = percentile_estimate(second - first, differences, level)
    defined = differences[~np.isnan(differences)]
    tail = min((defined <= 0).sum(), (defined >= 0).sum())
    return PairedDifference(
        first=first,
        second=second,
        difference=estimate.value,
        low=estimate.low,
        high=estimate.high,
        p_value=float(min(1.0, 2 * (tail + 1) / (len(defined) + 1))) if estimate.has_interval else float('nan'),
        level=level,
        method=f'paired {estimate.method}',
        reason=estimate.reason,
    )


def permutation_difference(
    statistic: Callable[[np.ndarray], tuple[float, float]],
    num_patients: int,
    replicates: int,
    rng: np.random.Generator,
) -> PairedDifference:
    """Two-sided p-value of a difference when the models' names are exchanged patient by patient.

    Under the hypothesis that the models are alike, it does not matter which of them a patient's scores came from. The
    p-value is the share of exchanges whose difference is as far from 0 as the observed one, which counts as one.

    Args:
        statistic: gives the numbers of both models for a (P,) bool array that says whose scores are exchanged. The
            scores of both must be comparable: see :func:`as_ranks`.
        num_patients: P.
        replicates: R.
        rng: draws the exchanges.

    Raises:
        ValueError: there is no patient or no replicate.

    Source: Good, Permutation, Parametric and Bootstrap Tests of Hypotheses (2005), matched pairs.
    """
    if num_patients < 1 or replicates < 1:
        raise ValueError(f'a permutation test needs patients and replicates, got {num_patients} and {replicates}')
    first, second = statistic(np.zeros(num_patients, bool))
    observed = second - first
    exchanged = rng.integers(2, size=(replicates, num_patients)).astype(bool)
    differences = np.array([after - before for before, after in map(statistic, exchanged)])
    defined = differences[~np.isnan(differences)]
    as_far = (np.abs(defined) >= abs(observed) - _SMALLEST_ERROR).sum()
    missing = replicates - len(defined)
    return PairedDifference(
        first=first,
        second=second,
        difference=observed,
        p_value=float('nan') if np.isnan(observed) else float((as_far + 1) / (len(defined) + 1)),
        method=f'permutation over patients, {replicates} replicates',
        reason=f'undefined in {missing} replicates, which are left out' if missing else '',
    )


def as_ranks(scores: np.ndarray) -> np.ndarray:
    """(n,) ranks in (0, 1] of the scores of one model, ties in the middle: comparable between models."""
    return rankdata(scores) / max(len(scores), 1)
