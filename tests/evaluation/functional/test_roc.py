from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score
from sklearn.metrics import roc_curve as sklearn_roc_curve

from mammo_plugins.evaluation.functional import auc_with_delong, delong_covariance, roc_auc, roc_curve


def delong_by_all_pairs(scores, labels):
    """AUCs and covariance as the 1988 paper writes them, over every pair of a positive and a negative case."""
    positives, negatives = scores[:, labels], scores[:, ~labels]
    m, k = positives.shape[1], negatives.shape[1]
    psi = np.zeros((len(scores), m, k))
    for reader in range(len(scores)):
        for i in range(m):
            for j in range(k):
                x, y = positives[reader, i], negatives[reader, j]
                psi[reader, i, j] = 1.0 if y < x else 0.5 if y == x else 0.0
    v10, v01 = psi.mean(axis=2), psi.mean(axis=1)
    auc = psi.mean(axis=(1, 2))
    s10 = np.asarray([[np.sum((a - ma) * (b - mb)) for b, mb in zip(v10, auc)] for a, ma in zip(v10, auc)]) / (m - 1)
    s01 = np.asarray([[np.sum((a - ma) * (b - mb)) for b, mb in zip(v01, auc)] for a, ma in zip(v01, auc)]) / (k - 1)
    return auc, s10 / m + s01 / k


@st.composite
def scored_cases(draw):
    size = draw(st.integers(4, 25))
    labels = np.asarray(
        draw(st.lists(st.booleans(), min_size=size - 4, max_size=size - 4)) + [True, True, False, False]
    )
    scores = draw(st.lists(st.integers(0, 6), min_size=size, max_size=size))  # few values, hence ties
    return np.asarray(scores) / 6, labels


@settings(max_examples=100, deadline=None)
@given(scored_cases())
def test_auc_and_curve_equal_scikit_learn(case):
    scores, labels = case
    assert roc_auc(scores, labels) == pytest.approx(roc_auc_score(labels, scores), abs=1e-12)
    for ours, theirs in zip(roc_curve(scores, labels), sklearn_roc_curve(labels, scores, drop_intermediate=False)):
        np.testing.assert_allclose(ours, theirs, atol=1e-12)


@pytest.mark.parametrize('seed', range(5))
def test_delong_equals_all_pairs_of_the_paper(seed):
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(30) < 9)
    scores = np.round(rng.normal(size=(3, 30)) + labels, 1)  # rounded, hence ties
    for ours, theirs in zip(delong_covariance(scores, labels), delong_by_all_pairs(scores, labels)):
        np.testing.assert_allclose(ours, theirs, atol=1e-12)


def test_standard_error_of_a_case_worked_by_hand():
    # Positives 3, 1; negatives 2, 0. Pairs won: 3>2, 3>0, 1<2, 1>0, so AUC 3/4.
    # V10 = (1, 1/2), V01 = (1/2, 1): each has variance 1/8, and 1/8/2 + 1/8/2 = 1/8.
    estimate = auc_with_delong([3, 1, 2, 0], [True, True, False, False])
    assert estimate.value == 0.75
    assert estimate.standard_error == pytest.approx(np.sqrt(1 / 8))
    assert (estimate.low, estimate.high) == (pytest.approx(0.75 - 1.959964 * np.sqrt(1 / 8), abs=1e-6), 1.0)


@pytest.mark.parametrize(('labels', 'missing'), [([1, 1, 1], 'negative'), ([0, 0, 0], 'positive')])
def test_one_class_gives_nan_and_the_reason(labels, missing):
    estimate = auc_with_delong([0.1, 0.2, 0.3], labels)
    assert np.isnan(estimate.value) and np.isnan(estimate.standard_error)
    assert estimate.reason == f'no {missing} case among 3'
    assert str(estimate) == 'n/a'


def test_single_positive_has_an_auc_without_error():
    estimate = auc_with_delong([0.9, 0.2, 0.3], [1, 0, 0])
    assert estimate.value == 1 and np.isnan(estimate.standard_error)
    assert 'single case' in estimate.reason


def test_curve_of_one_class_is_refused():
    with pytest.raises(ValueError, match='needs both classes, got 2 positives among 2 cases'):
        roc_curve(np.asarray([0.1, 0.2]), np.asarray([True, True]))
