"""Adjusted p-values against the definition, and against numbers of Holm's method worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from mammo_plugins.evaluation.functional import holm_adjusted


@pytest.mark.parametrize(
    ('p_values', 'adjusted'),
    [
        ([0.01, 0.04, 0.03], [0.03, 0.06, 0.06]),  # 3 x 0.01, 2 x 0.03, and 0.04 is not below the one before
        ([0.5, 0.6], [1.0, 1.0]),
        ([0.02, 0.02], [0.04, 0.04]),
        ([0.2], [0.2]),
        ([], []),
    ],
)
def test_case_table(p_values, adjusted):
    np.testing.assert_allclose(holm_adjusted(p_values), adjusted)


def test_test_that_was_not_made_counts_as_none():
    np.testing.assert_allclose(holm_adjusted([0.01, np.nan, 0.04]), [0.02, np.nan, 0.04])


def test_rejects_what_the_step_down_procedure_rejects():
    rng = np.random.default_rng(0)
    for _ in range(50):
        p_values = rng.uniform(0, 0.1, 6)
        rejected = np.zeros(6, bool)
        for step, place in enumerate(np.argsort(p_values)):  # as Holm states it
            if p_values[place] > 0.05 / (6 - step):
                break
            rejected[place] = True
        np.testing.assert_array_equal(holm_adjusted(p_values) <= 0.05, rejected)
