from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics

from mammo_plugins.evaluation.functional import average_precision, precision_recall_curve


@pytest.mark.parametrize('distinct', [3, 20, 10**6])
def test_agrees_with_scikit_learn_with_and_without_ties(distinct):
    rng = np.random.default_rng(distinct)
    scores = rng.integers(distinct, size=300) / distinct
    labels = rng.random(300) < 0.2 + 0.5 * scores
    assert average_precision(scores, labels) == pytest.approx(metrics.average_precision_score(labels, scores), abs=1e-9)
    precision, recall, thresholds = precision_recall_curve(scores, labels)
    expected = metrics.precision_recall_curve(labels, scores)
    np.testing.assert_allclose(precision[::-1], expected[0][:-1], atol=1e-12)
    np.testing.assert_allclose(recall[::-1], expected[1][:-1], atol=1e-12)
    np.testing.assert_array_equal(thresholds[::-1], expected[2])


def test_hand_worked_case():
    precision, recall, thresholds = precision_recall_curve(np.array([0.9, 0.5, 0.5, 0.1]), np.array([1, 0, 1, 0]))
    assert thresholds.tolist() == [0.9, 0.5, 0.1]
    assert precision.tolist() == [1, 2 / 3, 1 / 2] and recall.tolist() == [0.5, 1, 1]


def test_no_positive_case_is_refused():
    with pytest.raises(ValueError, match='need a positive case, got none among 2'):
        average_precision(np.array([0.1, 0.2]), np.array([False, False]))


def test_other_shape_is_refused():
    with pytest.raises(ValueError, match='belong together'):
        average_precision(np.array([0.1, 0.2]), np.array([True]))
