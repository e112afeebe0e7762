from __future__ import annotations

import numpy as np
import pytest

from mammo_plugins.models.detectors.slice_merging import merge_slices

BOX, SHIFTED, FAR = (0, 0, 20, 20), (2, 0, 22, 20), (100, 100, 120, 120)


def merge(rows, reach=4, num_slices=16, labels=None, **options):
    """Merges ``[(box, slice, score)]``."""
    boxes, slices, scores = zip(*rows)
    count = len(rows)
    return merge_slices(
        np.array(boxes, float), np.array(scores, float), np.array(slices), np.array(labels or [0] * count),
        np.full(count, reach), num_slices, **options,
    )  # fmt: skip


def test_neighbouring_slices_become_one_finding_with_the_union_and_the_highest_score():
    # 18 of 20 columns and 8 of 9 slices in common: 18 * 8 / (2 * 20 * 9 - 18 * 8) = 0.67.
    merged = merge([(BOX, 7, 0.5), (SHIFTED, 8, 0.8), (FAR, 3, 0.3)])
    assert merged.boxes_xyxy.tolist() == [[0, 0, 22, 20], list(FAR)]
    assert merged.scores.tolist() == [0.8, 0.3] and merged.slices.tolist() == [8, 3]
    assert merged.slice_scores[0].nonzero()[0].tolist() == [7, 8] and merged.slice_scores[0, 7] == 0.5


@pytest.mark.parametrize(('apart', 'findings'), [(2, 1), (3, 1), (4, 2)])
def test_slices_too_far_apart_stay_apart(apart, findings):
    # 9 slices each, 9 - n in common: (9 - n) / (9 + n) is 0.64, 0.5 and 0.38; above 1/2 is asked for.
    merged = merge([(BOX, 5, 0.9), (BOX, 5 + apart, 0.8)], min_iou=0.49)
    assert len(merged.scores) == findings


def test_iou_of_exactly_the_limit_does_not_merge():
    assert len(merge([(BOX, 5, 0.9), (BOX, 8, 0.8)]).scores) == 2


@pytest.mark.parametrize(('score', 'findings'), [(0.05, 1), (0.0499, 2)])
def test_scores_ten_times_lower_stay_apart(score, findings):
    assert len(merge([(BOX, 5, 0.5), (BOX, 5, score)]).scores) == findings


def test_other_labels_stay_apart():
    assert len(merge([(BOX, 5, 0.9), (BOX, 5, 0.8)], labels=[0, 1]).scores) == 2


def test_the_best_one_takes_what_overlaps_itself_not_what_overlaps_the_union():
    chain = [(BOX, 5, 0.9), (BOX, 7, 0.8), (BOX, 9, 0.7)]  # the last overlaps the second enough, not the first
    merged = merge(chain)
    assert merged.scores.tolist() == [0.9, 0.7] and merged.slices.tolist() == [5, 9]


def test_a_slice_without_reach_merges_on_itself_only():
    assert len(merge([(BOX, 5, 0.9), (BOX, 5, 0.8), (BOX, 6, 0.7)], reach=0).scores) == 2


def test_nothing_merges_to_nothing():
    merged = merge_slices(np.zeros((0, 4)), np.zeros(0), np.zeros(0, int), np.zeros(0, int), np.zeros(0), 16)
    assert merged.boxes_xyxy.shape == (0, 4) and merged.slice_scores.shape == (0, 16)


def test_of_scores_equal_up_to_rounding_the_lowest_slice_is_named():
    merged = merge([(BOX, 8, np.nextafter(0.8, 1)), (BOX, 7, 0.8)])
    assert merged.slices.tolist() == [7] and merged.scores.tolist() == [np.nextafter(0.8, 1)]


@pytest.mark.parametrize('noise', [-1e-9, 0.0, 1e-9])
def test_limits_do_not_hang_on_rounding(noise):
    shifted = (noise, noise, 20 + noise, 20 - noise)
    assert len(merge([(BOX, 5, 0.9), (shifted, 8, 0.8)]).scores) == 2  # IoU of 1/2 in z
    assert len(merge([(BOX, 5, 0.9), (BOX, 5, 0.09 + noise / 100)]).scores) == 1
