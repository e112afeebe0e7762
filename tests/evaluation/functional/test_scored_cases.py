from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from mammo_plugins.evaluation.functional import ScoredCases

CASES = st.lists(st.tuples(st.integers(0, 5), st.booleans(), st.integers(0, 3)), min_size=2, max_size=30).filter(
    lambda rows: len({label for _, label, _ in rows}) == 2
)


def arrays(rows):
    scores, labels, patient = zip(*rows)
    return np.asarray(scores, float), np.asarray(labels, bool), np.asarray(patient)


def test_counts_by_hand():
    counts = ScoredCases(np.array([0.2, 0.9, 0.5, 0.5]), np.array([0, 1, 1, 0], bool), np.arange(4)).counts()
    assert counts.thresholds.tolist() == [np.inf, 0.9, 0.5, 0.2]
    assert counts.true_positives.tolist() == [0, 1, 2, 2] and counts.false_positives.tolist() == [0, 0, 1, 2]
    assert counts.precision.tolist() == [1, 1, 2 / 3, 0.5]
    assert counts.average_precision() == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)
    assert (counts.sensitivity_at(0.9), counts.sensitivity_at(0.5)) == (0.5, 1)
    assert (counts.specificity_at(0.9), counts.specificity_at(0.5)) == (0.5, 1)


@settings(max_examples=80, deadline=None)
@given(CASES)
def test_against_scikit_learn(rows):
    scores, labels, patient = arrays(rows)
    counts = ScoredCases(scores, labels, patient).counts()
    rate, sensitivity, thresholds = metrics.roc_curve(labels, scores, drop_intermediate=False)
    np.testing.assert_allclose(counts.false_positive_rate, rate, atol=1e-12)
    np.testing.assert_allclose(counts.sensitivity, sensitivity, atol=1e-12)
    np.testing.assert_array_equal(counts.thresholds, thresholds)
    assert counts.average_precision() == pytest.approx(metrics.average_precision_score(labels, scores), abs=1e-12)
    corners = counts.vertices()
    area = metrics.auc(corners.false_positive_rate, corners.sensitivity)
    assert area == pytest.approx(metrics.roc_auc_score(labels, scores), abs=1e-12)


@settings(max_examples=80, deadline=None)
@given(CASES, st.lists(st.integers(0, 3), min_size=4, max_size=4))
def test_a_patient_that_counts_twice_is_there_twice(rows, patient_counts):
    scores, labels, patient = arrays(rows)
    drawn = np.asarray(patient_counts)
    counted = ScoredCases(scores, labels, patient).counts(drawn)
    repeated = np.repeat(np.arange(len(scores)), drawn[patient])
    literal = ScoredCases(scores[repeated], labels[repeated], patient[repeated]).counts()
    for read in (
        lambda counts: counts.average_precision(),
        lambda counts: counts.sensitivity_at(0.8),
        lambda counts: counts.specificity_at(0.8),
    ):
        np.testing.assert_allclose(read(counted), read(literal), atol=1e-12)


@pytest.mark.parametrize('label', [True, False])
def test_a_single_class_has_no_operating_point(label):
    counts = ScoredCases(np.array([0.1, 0.4]), np.array([label, label]), np.arange(2)).counts()
    assert np.isnan(counts.sensitivity_at(0.5)) and np.isnan(counts.specificity_at(0.5))
    assert counts.has_both_classes is False


def test_no_case_gives_the_threshold_that_lets_nothing_pass():
    counts = ScoredCases(np.zeros(0), np.zeros(0, bool), np.zeros(0, int)).counts()
    assert counts.thresholds.tolist() == [np.inf] and np.isnan(counts.average_precision())


def test_arrays_of_other_lengths_are_refused():
    with pytest.raises(ValueError, match='do not belong together'):
        ScoredCases(np.zeros(2), np.zeros(3, bool), np.zeros(2, int))
