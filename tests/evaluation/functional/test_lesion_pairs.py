"""Matched pairs, case by case."""

import math

import numpy as np
import pytest

from mammo_plugins.evaluation.functional import PairCounts, count_pairs, pair_accuracy

BOTH = (['a', 'b'], ['a', 'b'])


@pytest.mark.parametrize(
    ('pairs', 'lesions', 'hits', 'counts'),
    [
        ([('a', 'a'), ('b', 'b')], 'ab', BOTH, PairCounts(2, 2, 2, 0, 0)),  # all right
        ([], 'ab', BOTH, PairCounts(2, 2, 0, 0, 0)),  # nothing matched
        ([('a', 'b'), ('b', 'a')], 'ab', BOTH, PairCounts(2, 2, 0, 2, 0)),  # crossed
        ([('a', 'a'), ('a', 'a')], 'ab', BOTH, PairCounts(2, 2, 1, 0, 0)),  # twice is once
        ([('a', None), (None, None)], 'ab', BOTH, PairCounts(2, 2, 0, 2, 0)),  # with false positives
        ([('a', 'a')], 'a', (['a'], ['a', None]), PairCounts(1, 1, 1, 0, 0)),
        ([], 'ab', (['a'], ['b']), PairCounts(2, 0, 0, 0, 0)),  # each found in one view only
        ([('', 'a'), ('', '')], 'a', ([''], ['a', '']), PairCounts(1, 0, 0, 0, 2)),  # ids are missing
        ([], '', ([], []), PairCounts()),  # nothing there
        ([(None, None)], '', ([None], [None]), PairCounts(0, 0, 0, 1, 0)),
    ],
)
def test_counts(pairs, lesions, hits, counts):
    assert count_pairs(pairs, lesions, hits) == counts


def test_breasts_add_up():
    total = PairCounts(2, 2, 1, 1, 0) + PairCounts(2, 1, 1, 0, 1)
    assert total == PairCounts(4, 3, 2, 1, 1)
    assert (total.recall, total.recall_of_detected) == (0.5, pytest.approx(2 / 3))
    assert math.isnan(PairCounts().recall) and math.isnan(PairCounts().recall_of_detected)


def test_accuracy_by_hand():
    # At 5: 1 and 7 belong together (one right), 4, 5 and 9 do not (two right; 5 is not below the limit).
    found = pair_accuracy(np.array([1.0, 7, 4, 5, 9]), np.array([1, 1, 0, 0, 0]), 5.0)
    assert found == {'accuracy': 0.6, 'accuracy_matched': 0.5, 'accuracy_unmatched': pytest.approx(2 / 3)}
    assert math.isnan(pair_accuracy(np.zeros(0), np.zeros(0), 5.0)['accuracy'])
