from __future__ import annotations

import numpy as np
import pytest

from mammo_plugins.evaluation import choose_threshold, evaluate_detections

BOX = (100, 100, 40, 40)
FAR = (500, 500, 40, 40)
IMAGES = {f'p{i}/s1/lcc': 'malignant' if i < 2 else '' for i in range(4)}
FINDINGS = [(f'p{i}/s1/lcc', BOX, 'malignant', 20, (15, 25)) for i in range(2)]
ROWS = [
    ('p0/s1/lcc', BOX, 20, 0.9),
    ('p2/s1/lcc', FAR, 20, 0.8),
    ('p3/s1/lcc', FAR, 20, 0.6),
    ('p1/s1/lcc', BOX, 20, 0.5),
    ('p0/s1/lcc', FAR, 20, 0.4),
]


@pytest.mark.parametrize(
    ('fp_per_volume', 'threshold'),
    [(0, 0.9), (0.24, 0.9), (0.25, 0.8), (0.5, 0.5), (0.75, 0.4), (9, 0.4)],
)
def test_threshold_is_the_lowest_that_keeps_the_limit(build_annotations, build_predictions, fp_per_volume, threshold):
    annotations = build_annotations(IMAGES, FINDINGS)
    assert choose_threshold(build_predictions(ROWS), annotations, 'mm3d', fp_per_volume) == threshold


def test_no_score_passes_where_the_best_one_is_false(build_annotations, build_predictions):
    annotations = build_annotations(IMAGES, FINDINGS)
    threshold = choose_threshold(build_predictions(ROWS[1:]), annotations, 'mm3d', 0)
    assert threshold == np.inf
    point = evaluate_detections(build_predictions(ROWS), annotations, threshold=threshold).operating_point
    assert (point.counts.true_positives, point.counts.false_positives, point.counts.false_negatives) == (0, 0, 2)
    assert point.as_dict()['threshold'] is None


def test_counts_and_rates_at_a_threshold(build_annotations, build_predictions):
    annotations = build_annotations(IMAGES, FINDINGS)
    result = evaluate_detections(build_predictions(ROWS), annotations, threshold=0.6, bootstrap=300)
    counts = result.operating_point.counts
    assert (counts.true_positives, counts.false_positives, counts.false_negatives, counts.volumes) == (1, 2, 1, 4)
    recall, alarms = result.operating_point.recall, result.operating_point.fp_per_volume
    assert (recall.value, alarms.value) == (0.5, 0.5)
    assert (recall.low, recall.high) == (0, 1)  # both patients with findings, one found: each alone may be drawn
    assert 0 <= alarms.low < 0.5 < alarms.high <= 1
    assert result.as_dict()['operating_point']['recall']['value'] == 0.5


def test_without_a_threshold_nothing_is_counted(build_annotations, build_predictions):
    assert evaluate_detections(build_predictions(ROWS), build_annotations(IMAGES, FINDINGS)).operating_point is None


@pytest.mark.parametrize('limit', [-0.5, np.nan])
def test_negative_limit_is_refused(build_annotations, build_predictions, limit):
    with pytest.raises(ValueError, match='must be at least 0, got'):
        choose_threshold(build_predictions(ROWS), build_annotations(IMAGES, FINDINGS), 'mm3d', limit)


def test_no_volume_to_count_in_is_refused(build_annotations, build_predictions):
    images = {'p1/s1/lcc': 'malignant'}  # without a box: left out
    with pytest.raises(ValueError, match='there is no volume to count false positives in'):
        choose_threshold(build_predictions([]), build_annotations(images), 'mm3d', 0.5)
