from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammo_plugins.evaluation.functional import (
    as_ranks,
    bootstrap_difference,
    compare_aucs,
    permutation_difference,
    roc_auc,
)


def two_models(count=60, better=1.5, seed=0):
    rng = np.random.default_rng(seed)
    labels = rng.random(count) < 0.4
    shared = rng.normal(size=count)
    return np.stack([shared + rng.normal(size=count) + gain * labels for gain in (0.5, better)]), labels


def literal_delong(scores, labels):
    """Equations 2 to 6 of DeLong 1988 with all pairs."""
    v10, v01, aucs = [], [], []
    for row in scores:
        psi = np.array([[1.0 if x > y else 0.5 if x == y else 0.0 for y in row[~labels]] for x in row[labels]])
        v10.append(psi.mean(axis=1))
        v01.append(psi.mean(axis=0))
        aucs.append(psi.mean())
    covariance = np.cov(v10) / labels.sum() + np.cov(v01) / (~labels).sum()
    contrast = np.array([-1, 1])
    return contrast @ aucs, np.sqrt(contrast @ covariance @ contrast)


@pytest.mark.parametrize('seed', range(5))
def test_delongs_test_against_all_pairs(seed):
    scores, labels = two_models(seed=seed)
    found = compare_aucs(np.round(scores, 1), labels)
    difference, error = literal_delong(np.round(scores, 1), labels)
    assert found.difference == pytest.approx(difference, abs=1e-12)
    assert found.p_value == pytest.approx(2 * NormalDist().cdf(-abs(difference / error)), abs=1e-12)
    half = NormalDist().inv_cdf(0.975) * error
    assert (found.low, found.high) == pytest.approx((difference - half, difference + half))


def test_order_of_the_models_turns_the_sign():
    scores, labels = two_models()
    forth, back = compare_aucs(scores, labels), compare_aucs(scores[::-1], labels)
    assert forth.difference == -back.difference > 0 and forth.p_value == pytest.approx(back.p_value)
    assert (forth.low, forth.high) == pytest.approx((-back.high, -back.low))


def test_models_that_rank_alike_do_not_differ():
    scores, labels = two_models()
    found = compare_aucs(np.stack([scores[0], np.exp(scores[0])]), labels)
    assert (found.difference, found.p_value) == (0, 1) and 'rank all cases alike' in found.reason


def test_single_positive_has_no_variance():
    found = compare_aucs(np.array([[0.1, 0.9, 0.5], [0.3, 0.1, 0.2]]), np.array([False, True, False]))
    assert np.isnan(found.p_value) and 'single case' in found.reason and found.difference == -1


def test_three_models_are_refused():
    with pytest.raises(ValueError, match='two models, got 3'):
        compare_aucs(np.zeros((3, 4)), np.array([True, False, True, False]))


def test_hand_worked_bootstrap():
    first, second = np.zeros(9), np.array([-1, 0, 1, 1, 1, 1, 1, 1, np.nan])
    found = bootstrap_difference(0.4, 0.5, first, second)
    # Of eight defined replicates two are at most 0: 2 * (2 + 1) / (8 + 1).
    assert found.p_value == pytest.approx(6 / 9) and found.difference == pytest.approx(0.1)
    assert 'undefined in 1 replicates' in found.reason


def test_bootstrap_that_always_agrees_has_a_small_p_value_but_not_none():
    found = bootstrap_difference(0.4, 0.6, np.zeros(999), np.full(999, 0.2))
    assert found.p_value == pytest.approx(2 / 1000) and (found.low, found.high) == (0.2, 0.2)


def test_equal_models_have_a_p_value_of_one():
    assert bootstrap_difference(0.4, 0.4, np.zeros(99), np.zeros(99)).p_value == 1


def test_unpaired_replicates_are_refused():
    with pytest.raises(ValueError, match='not paired'):
        bootstrap_difference(0.4, 0.5, np.zeros(3), np.zeros(4))


def test_too_few_replicates_say_so():
    found = bootstrap_difference(0.4, 0.5, np.full(3, np.nan), np.zeros(3))
    assert np.isnan(found.p_value) and 'fewer than two replicates' in found.reason


def auc_after_exchange(scores, labels, patient):
    def statistic(exchanged):
        swap = exchanged[patient]
        return tuple(roc_auc(np.where(swap, other, one), labels) for one, other in (scores, scores[::-1]))

    return statistic


def test_permutation_against_all_exchanges():
    scores, labels = two_models(count=10, seed=3)
    ranks, patient = np.stack([as_ranks(row) for row in scores]), np.arange(10) // 2
    statistic = auc_after_exchange(ranks, labels, patient)
    every = [statistic(np.array([code >> bit & 1 for bit in range(5)], bool)) for code in range(32)]
    differences = np.array([second - first for first, second in every])
    exact = np.mean(np.abs(differences) >= abs(differences[0]) - 1e-9)
    found = permutation_difference(statistic, 5, 4000, np.random.default_rng(0))
    assert found.p_value == pytest.approx(exact, abs=0.03)
    assert (found.first, found.second) == every[0]


def test_permutation_of_equal_models_finds_nothing():
    scores, labels = two_models()
    equal = np.stack([scores[0], scores[0]])
    found = permutation_difference(auc_after_exchange(equal, labels, np.arange(60)), 60, 50, np.random.default_rng(0))
    assert (found.difference, found.p_value) == (0, 1)


def test_permutation_and_delong_see_a_large_difference():
    scores, labels = two_models(count=200, better=3.0)
    ranks = np.stack([as_ranks(row) for row in scores])
    statistic = auc_after_exchange(ranks, labels, np.arange(200))
    assert permutation_difference(statistic, 200, 499, np.random.default_rng(0)).p_value == 1 / 500
    assert compare_aucs(scores, labels).p_value < 1e-3


def test_p_values_of_alike_models_are_spread_evenly():
    rng = np.random.default_rng(0)
    p_values = []
    for _ in range(300):
        labels = np.arange(80) < 40
        p_values.append(compare_aucs(rng.normal(size=(2, 80)) + labels, labels).p_value)
    assert np.mean(np.array(p_values) < 0.05) == pytest.approx(0.05, abs=0.03)
    assert np.mean(p_values) == pytest.approx(0.5, abs=0.05)


def test_nobody_to_exchange_is_refused():
    with pytest.raises(ValueError, match='got 0 and 5'):
        permutation_difference(lambda exchanged: (0.0, 0.0), 0, 5, np.random.default_rng(0))


@settings(max_examples=30)
@given(st.lists(st.integers(-5, 5), min_size=1, max_size=20))
def test_ranks_keep_the_order_and_lie_in_one_range(values):
    ranks = as_ranks(np.array(values, float))
    assert (ranks > 0).all() and (ranks <= 1).all()
    assert [a < b for a in values for b in values] == [a < b for a in ranks for b in ranks]


def test_json_has_null_for_nan():
    scores, labels = np.array([[0.1, 0.9, 0.5], [0.3, 0.1, 0.2]]), np.array([False, True, False])
    assert compare_aucs(scores, labels).as_dict()['low'] is None
