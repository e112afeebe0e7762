"""Which misses and false marks are the worst."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from mammo_plugins.apis.evidence.failures import FALSE_MARKS, MISSES, find_failures
from mammo_plugins.evaluation import get_protocol
from tests.evaluation.conftest import build_annotations, build_predictions

SMALL, LARGE, AWAY = (100, 100, 40, 40), (100, 100, 80, 80), (600, 600, 40, 40)


def plan(threshold):
    return SimpleNamespace(protocols=lambda: [get_protocol('mm3d-2d')], threshold=lambda name: threshold)


@pytest.fixture(name='case')
def case_fixture():
    """Five cancers: two that nothing hits, one hit below the threshold, two found; false marks in three images."""
    names = [f'p{n}/s/lcc' for n in range(6)]
    boxes = dict(zip(names, [SMALL, LARGE, SMALL, SMALL, SMALL]))
    annotations = build_annotations(
        {name: 'malignant' if name in boxes else '' for name in names},
        [(name, box, 'malignant', 20, (15, 25)) for name, box in boxes.items()],
    )
    rows = [
        (names[2], SMALL, 20, 0.3), (names[3], SMALL, 20, 0.8), (names[4], SMALL, 20, 0.9),
        (names[0], AWAY, 20, 0.6), (names[5], AWAY, 20, 0.7), (names[5], LARGE, 20, 0.55), (names[1], AWAY, 20, 0.2),
    ]  # fmt: skip
    return annotations, build_predictions(rows)


def test_largest_lesion_that_nothing_hits_comes_first(case):
    told, buckets, notes = find_failures(plan(0.5), *case, most=5)
    assert [(one['image'][:2], one['best_score']) for one in told[MISSES]] == [('p1', None), ('p0', None), ('p2', 0.3)]
    assert told['counts'] == {MISSES: 3, FALSE_MARKS: 3} and told['threshold'] == 0.5
    assert len(notes) == 5, 'a picture that cannot be drawn is named'
    assert [bucket.count for bucket in buckets] == ['of 3 missed lesions', 'of 3 false marks']


def test_highest_false_mark_comes_first(case):
    told, _, _ = find_failures(plan(0.5), *case, most=1)
    assert [(one['image'][:2], one['score']) for one in told[FALSE_MARKS]] == [('p5', 0.7)] and len(told[MISSES]) == 1


def test_without_a_threshold_every_prediction_counts(case):
    told, _, _ = find_failures(plan(None), *case, most=9)
    assert told['threshold'] is None and told['counts'] == {MISSES: 2, FALSE_MARKS: 4}


def test_threshold_that_nothing_reaches_finds_nothing(case):
    told, _, _ = find_failures(plan(float('inf')), *case, most=9)
    assert told['threshold'] is None and told['counts'] == {MISSES: 5, FALSE_MARKS: 0}
