"""Several tests at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def holm_adjusted(p_values: Sequence[float] | np.ndarray) -> np.ndarray:
    """(m,) p-values that may each be held against one level for all of m tests.

    The smallest is multiplied by the number of tests, the next by one less, and none is below the one before. A NaN,
    the p-value of a test that could not be made, stays and counts as no test.

    Args:
        p_values: (m,) of the tests, in any order.

    Source: Holm, A simple sequentially rejective multiple test procedure (Scand J Statist 1979).
    """
    p_values = np.asarray(p_values, np.float64)
    adjusted = np.full(len(p_values), np.nan)
    made = np.flatnonzero(~np.isnan(p_values))
    order = made[np.argsort(p_values[made], kind='stable')]
    factors = np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(p_values[order] * factors), 1.0)
    return adjusted
