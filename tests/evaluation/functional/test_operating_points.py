from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_curve as sklearn_roc_curve

from mammo_plugins.evaluation.functional import (
    FrocEvents,
    count_at_threshold,
    sensitivity_at_specificity,
    specificity_at_sensitivity,
    threshold_at_fp,
)

# Falling: + - + + - +, then six negatives.
SCORES = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.3, 0.2, 0.2, 0.1, 0.1])
LABELS = np.array([1, 0, 1, 1, 0, 1, 0, 0, 0, 0, 0, 0], bool)


@pytest.mark.parametrize(
    ('specificity', 'sensitivity'), [(1, 0.25), (0.9, 0.25), (7 / 8, 0.75), (0.8, 0.75), (0.75, 1), (0, 1)]
)
def test_hand_worked_sensitivity_at_specificity(specificity, sensitivity):
    assert sensitivity_at_specificity(SCORES, LABELS, specificity) == sensitivity


@pytest.mark.parametrize(
    ('sensitivity', 'specificity'), [(0, 1), (0.25, 1), (0.3, 7 / 8), (0.75, 7 / 8), (0.8, 6 / 8), (1, 6 / 8)]
)
def test_hand_worked_specificity_at_sensitivity(sensitivity, specificity):
    assert specificity_at_sensitivity(SCORES, LABELS, sensitivity) == specificity


def test_a_share_that_is_not_exact_in_binary_is_reached():
    scores, labels = np.arange(20.0), np.arange(20) >= 10
    labels[9], labels[10] = True, False  # one of ten negatives is above a positive: specificity 9/10
    assert sensitivity_at_specificity(scores, labels, 0.9) == 1


@given(st.integers(0, 10**6), st.floats(0, 1))
def test_agrees_with_scikit_learns_operating_points(seed, wanted):
    rng = np.random.default_rng(seed)
    scores, labels = rng.integers(8, size=30) / 8, np.arange(30) < 10
    false_positive_rate, sensitivity, _ = sklearn_roc_curve(labels, scores, drop_intermediate=False)
    best = max(s for f, s in zip(false_positive_rate, sensitivity) if 1 - f >= wanted - 1e-9)
    assert sensitivity_at_specificity(scores, labels, wanted) == pytest.approx(best)
    best = max(1 - f for f, s in zip(false_positive_rate, sensitivity) if s >= wanted - 1e-9)
    assert specificity_at_sensitivity(scores, labels, wanted) == pytest.approx(best)


@pytest.mark.parametrize('function', [sensitivity_at_specificity, specificity_at_sensitivity])
def test_share_outside_its_range_is_refused(function):
    with pytest.raises(ValueError, match=r'must lie in \[0, 1\], got 95'):
        function(SCORES, LABELS, 95)


def events():
    """Two findings in four volumes: hit, false, repeat of the first, two false with equal scores."""
    return FrocEvents(
        scores=np.array([0.9, 0.8, 0.7, 0.5, 0.5]),
        is_tp=np.array([1, 0, 0, 0, 0], bool),
        is_hit=np.array([1, 0, 1, 0, 0], bool),
        is_fp=np.array([0, 1, 0, 1, 1], bool),
        patient=np.zeros(5, int),
        finding_patient=np.zeros(2, int),
        volumes_per_patient=np.array([4]),
    )


@pytest.mark.parametrize(('fp_per_volume', 'threshold'), [(0, 0.9), (0.25, 0.7), (0.5, 0.7), (0.75, 0.5), (9, 0.5)])
def test_threshold_lets_at_most_so_many_pass(fp_per_volume, threshold):
    assert threshold_at_fp(events().curve(), fp_per_volume) == threshold


def test_counts_at_a_threshold():
    counts = count_at_threshold(events(), 0.7)
    assert (counts.true_positives, counts.false_positives, counts.false_negatives, counts.repeats) == (1, 1, 1, 1)
    assert (counts.recall, counts.fp_per_volume) == (0.5, 0.25)


def test_threshold_that_no_false_positive_allows_accepts_nothing():
    worst = FrocEvents(
        np.array([0.9]), *(np.array([flag]) for flag in (False, False, True)),
        patient=np.zeros(1, int), finding_patient=np.zeros(1, int), volumes_per_patient=np.array([1]),
    )  # fmt: skip
    threshold = threshold_at_fp(worst.curve(), 0.5)
    assert threshold == np.inf
    counts = count_at_threshold(worst, threshold)
    assert (counts.true_positives, counts.false_positives, counts.false_negatives) == (0, 0, 1)


def test_without_volumes_there_is_no_threshold():
    nowhere = FrocEvents(
        np.zeros(0), np.zeros(0, bool), np.zeros(0, bool), np.zeros(0, bool), np.zeros(0, int), np.zeros(0, int),
        np.array([0]),
    )  # fmt: skip
    threshold = threshold_at_fp(nowhere.curve(), 1)
    assert np.isnan(threshold)
    with pytest.raises(ValueError, match='threshold is NaN'):
        count_at_threshold(nowhere, threshold)
    empty = count_at_threshold(nowhere, 0.5)
    assert np.isnan([empty.recall, empty.fp_per_volume]).all()
