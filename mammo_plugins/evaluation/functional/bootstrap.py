"""Bootstrap over patients.

The resampled unit is the patient: all images, breasts and studies of a patient come or stay away together, since they
are not independent. A replicate is a row of counts that says how often each patient was drawn.

Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993), sections 6.2 and 13.3.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .estimates import Estimate

CLOPPER_PEARSON = 'Clopper-Pearson'
NO_WIDTH = 'the interval has no width, which is no certainty: all replicates are equal'


def draw_patients(num_patients: int, replicates: int, rng: np.random.Generator) -> np.ndarray:
    """(R, P) how often each of P patients occurs in each of R samples of P drawn with replacement.

    Raises:
        ValueError: there is no patient or no replicate.
    """
    if num_patients < 1 or replicates < 1:
        raise ValueError(f'a bootstrap needs patients and replicates, got {num_patients} and {replicates}')
    drawn = rng.integers(num_patients, size=(replicates, num_patients))
    offset = np.arange(replicates)[:, None] * num_patients
    return np.bincount((drawn + offset).ravel(), minlength=replicates * num_patients).reshape(replicates, num_patients)


def percentile_estimate(value: float, samples: np.ndarray, level: float = 0.95) -> Estimate:
    """A value with the standard error and the percentile interval of its bootstrap replicates.

    Args:
        value: the estimate on the full data.
        samples: (R,) replicates; undefined ones (NaN) are left out, and their number is given in ``reason``.
        level: coverage of the interval.
    """
    defined = samples[~np.isnan(samples)]
    method = f'bootstrap over patients, {len(samples)} replicates'
    if len(defined) < 2:
        return Estimate(value, level=level, method=method, reason='fewer than two replicates are defined')
    missing = len(samples) - len(defined)
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    return Estimate(
        value=value,
        standard_error=float(np.std(defined, ddof=1)),
        low=float(low),
        high=float(high),
        level=level,
        method=method,
        reason=f'undefined in {missing} replicates, which are left out' if missing else '',
    )


def number_estimate(value: float, samples: np.ndarray, patients: int = 0, level: float = 0.95) -> Estimate:
    """As :func:`percentile_estimate`, but no interval without width passes for certainty.

    Where all replicates are equal, a share of 0 or 1 has Clopper and Pearson's interval over its patients; any other
    number keeps the interval, and ``reason`` says that it has no width.

    Args:
        value, samples, level: as for :func:`percentile_estimate`.
        patients: how many cases a share is of, where each is of another patient (:func:`single_cases`); 0 of another
            number.

    Source: Clopper and Pearson 1934.
    """
    estimate = percentile_estimate(value, samples, level)
    if not estimate.has_interval or estimate.low < estimate.high:
        return estimate
    if patients and value in (0, 1):
        reached = float(((1 - level) / 2) ** (1 / patients))  # the exact limit where all cases are alike
        low, high = (reached, 1.0) if value else (0.0, 1 - reached)
        method = f'{CLOPPER_PEARSON} over {patients} patients'
        return Estimate(value, low=low, high=high, level=level, method=method)
    return replace(estimate, reason='; '.join(filter(None, [estimate.reason, NO_WIDTH])))


def single_cases(patient: np.ndarray) -> int:
    """How many cases there are where each is of another patient; 0 where a patient has several.

    Args:
        patient: (n,) position of each case's patient.
    """
    return len(patient) if len(np.unique(patient)) == len(patient) else 0
