from __future__ import annotations

import numpy as np
import pytest

from mammo_plugins.evaluation.functional import draw_patients, number_estimate, percentile_estimate, single_cases


def test_each_replicate_draws_as_many_patients_as_there_are():
    draws = draw_patients(12, 300, np.random.default_rng(0))
    assert draws.shape == (300, 12)
    assert (draws.sum(axis=1) == 12).all()
    assert draws.mean(axis=0) == pytest.approx(np.ones(12), abs=0.2)


def test_one_seed_gives_one_set_of_draws():
    first, second = (draw_patients(5, 10, np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize(('patients', 'replicates'), [(0, 10), (10, 0)])
def test_nothing_to_draw_is_refused(patients, replicates):
    with pytest.raises(ValueError, match=f'got {patients} and {replicates}'):
        draw_patients(patients, replicates, np.random.default_rng(0))


def test_error_of_a_mean_is_that_of_the_textbook():
    values = np.random.default_rng(0).normal(size=400)
    draws = draw_patients(len(values), 2000, np.random.default_rng(1))
    estimate = percentile_estimate(values.mean(), draws @ values / len(values))
    assert estimate.standard_error == pytest.approx(values.std() / 20, rel=0.05)
    assert estimate.low < values.mean() < estimate.high


def test_undefined_replicates_are_left_out_and_counted():
    estimate = percentile_estimate(0.5, np.asarray([0.4, np.nan, 0.6]))
    assert estimate.standard_error == pytest.approx(np.std([0.4, 0.6], ddof=1))
    assert estimate.reason == 'undefined in 1 replicates, which are left out'


def test_too_few_defined_replicates_give_no_interval():
    estimate = percentile_estimate(0.5, np.asarray([np.nan, 0.5]))
    assert np.isnan(estimate.standard_error) and np.isnan(estimate.low)
    assert 'fewer than two' in estimate.reason


@pytest.mark.parametrize('hits', [0, 3])
def test_share_that_no_replicate_changes_has_the_exact_interval(hits):
    stats = pytest.importorskip('scipy.stats')
    exact = stats.binomtest(hits, 3).proportion_ci(method='exact')
    estimate = number_estimate(hits / 3, np.full(100, hits / 3), patients=3)
    assert (estimate.low, estimate.high) == pytest.approx((exact.low, exact.high))
    assert estimate.method == 'Clopper-Pearson over 3 patients' and np.isnan(estimate.standard_error)


@pytest.mark.parametrize(('value', 'patients'), [(1.0, 0), (0.5, 3)])
def test_interval_without_width_is_told_where_there_is_no_better_one(value, patients):
    estimate = number_estimate(value, np.full(100, value), patients)
    assert estimate.low == estimate.high == value and 'the interval has no width' in estimate.reason


def test_interval_with_width_is_the_percentiles():
    samples = np.random.default_rng(0).random(100)
    assert number_estimate(1.0, samples, 5) == percentile_estimate(1.0, samples)


def test_cases_are_single_where_no_patient_has_two():
    assert [single_cases(np.array(patient, int)) for patient in ([0, 1, 2], [0, 1, 1], [])] == [3, 0, 0]
