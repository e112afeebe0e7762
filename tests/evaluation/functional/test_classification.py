from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics

from mammo_plugins.evaluation.functional import (
    accuracy,
    balanced_accuracy,
    brier_score,
    confusion_matrix,
    expected_calibration_error,
    quadratic_kappa,
)


def graded_cases(num_classes=4, count=300, seed=0):
    rng = np.random.default_rng(seed)
    labels = rng.integers(num_classes, size=count)
    return np.clip(labels + rng.integers(-1, 2, size=count), 0, num_classes - 1), labels


def test_agrees_with_scikit_learn():
    predicted, labels = graded_cases()
    confusion = confusion_matrix(predicted, labels, 4)
    np.testing.assert_array_equal(confusion, metrics.confusion_matrix(labels, predicted))
    assert accuracy(confusion) == pytest.approx(metrics.accuracy_score(labels, predicted), abs=1e-12)
    assert balanced_accuracy(confusion) == pytest.approx(metrics.balanced_accuracy_score(labels, predicted), abs=1e-12)
    kappa = metrics.cohen_kappa_score(labels, predicted, weights='quadratic')
    assert quadratic_kappa(confusion) == pytest.approx(kappa, abs=1e-12)


def test_brier_score_agrees_with_scikit_learn():
    rng = np.random.default_rng(0)
    probabilities, labels = rng.random(100), rng.random(100) < 0.3
    assert brier_score(probabilities, labels) == pytest.approx(metrics.brier_score_loss(labels, probabilities))


def test_hand_worked_confusion():
    confusion = np.array([[2, 1, 0], [0, 0, 0], [1, 0, 1]])  # nobody is of class 1
    assert accuracy(confusion) == 3 / 5
    assert balanced_accuracy(confusion) == pytest.approx((2 / 3 + 1 / 2) / 2)
    # Squared distances observed: 1 + 4. By chance, with rows of 3, 0, 2 and columns of 3, 1, 1: (3 + 12 + 24 + 2) / 5.
    assert quadratic_kappa(confusion) == pytest.approx(1 - 5 / (41 / 5))


def test_what_no_case_defines_is_nan():
    nobody, one_class = np.zeros((2, 2), int), np.array([[3, 0], [0, 0]])
    assert np.isnan([accuracy(nobody), balanced_accuracy(nobody), quadratic_kappa(nobody)]).all()
    assert np.isnan(quadratic_kappa(one_class)) and accuracy(one_class) == 1


@pytest.mark.parametrize(('predicted', 'labels', 'message'), [
    ([0, 4], [0, 1], 'prediction 4 is none of the 4 classes'),
    ([0, 1], [0, -1], 'label -1 is none of the 4 classes'),
    ([0], [0, 1], 'do not belong together'),
])  # fmt: skip
def test_bad_classes_are_named(predicted, labels, message):
    with pytest.raises(ValueError, match=message):
        confusion_matrix(np.array(predicted), np.array(labels), 4)


def test_hand_worked_calibration():
    # Two bins. Up to 0.5: 0.2 and 0.5, one positive: |0.7 - 1| = 0.3. Above: 0.9, positive: 0.1. Three cases.
    found = expected_calibration_error(np.array([0.2, 0.5, 0.9]), np.array([True, False, True]), num_bins=2)
    assert found == pytest.approx((0.3 + 0.1) / 3)


def test_calibration_against_a_loop_over_bins():
    rng = np.random.default_rng(3)
    probabilities = np.concatenate([rng.random(200), [0.0, 1.0]])
    labels = rng.random(202) < probabilities
    expected = 0.0
    for index in range(15):
        low, high = index / 15, (index + 1) / 15
        inside = (probabilities > low) & (probabilities <= high)
        inside |= (index == 0) & (probabilities == 0)
        if inside.any():
            expected += inside.mean() * abs(probabilities[inside].mean() - labels[inside].mean())
    assert expected_calibration_error(probabilities, labels) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize('measure', [brier_score, expected_calibration_error])
def test_bad_probabilities_are_refused(measure):
    for value in (1.2, -0.1, np.nan):
        with pytest.raises(ValueError, match=r'must lie in \[0, 1\]'):
            measure(np.array([0.5, value]), np.array([True, False]))
    with pytest.raises(ValueError, match='at least one case'):
        measure(np.zeros(0), np.zeros(0, bool))
    with pytest.raises(ValueError, match='belong together'):
        measure(np.zeros(2), np.zeros(3, bool))


def test_no_bin_is_refused():
    with pytest.raises(ValueError, match='num_bins must be at least 1, got 0'):
        expected_calibration_error(np.array([0.5]), np.array([True]), num_bins=0)
