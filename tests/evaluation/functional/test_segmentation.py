from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mammo_plugins.evaluation.functional import (
    dice,
    intersection_over_region,
    intersection_over_union,
    mean_share_reaching,
    soft_dice,
)

# Of six pixels, three are annotated, two predicted, one of those rightly.
MASK = np.array([[1, 1, 1], [0, 0, 0]], bool)
PREDICTED = np.array([[0, 0, 1], [0, 0, 1]], bool)
EMPTY = np.zeros((2, 3), bool)
OVERLAPS = [soft_dice, dice, intersection_over_union, intersection_over_region]

CASES = [
    ('One pixel of two and three in common.', PREDICTED, MASK, (2 / 5, 1 / 4, 1 / 2)),
    ('The very region.', MASK, MASK, (1, 1, 1)),
    ('Nothing predicted.', EMPTY, MASK, (0, 0, 0)),
    ('Everything predicted.', ~EMPTY, MASK, (6 / 9, 3 / 6, 3 / 6)),
    ('Beside it.', ~MASK, MASK, (0, 0, 0)),
]


@pytest.mark.parametrize(('sentence', 'predicted', 'mask', 'expected'), CASES, ids=[case[0] for case in CASES])
def test_hand_worked_overlaps(sentence, predicted, mask, expected):
    found = [f(predicted, mask) for f in (dice, intersection_over_union, intersection_over_region)]
    assert found == pytest.approx(expected)
    assert soft_dice(predicted, mask) == pytest.approx(expected[0])  # of a binary map it is the hard one


def test_soft_dice_of_a_graded_map():
    saliency = np.array([[0.5, 0.5, 0.0], [0.5, 0.0, 0.0]])
    assert soft_dice(saliency, MASK) == pytest.approx(2 * 1.0 / (0.75 + 3))


def test_soft_dice_against_its_formula_pixel_by_pixel():
    rng = np.random.default_rng(0)
    saliency, mask = rng.random((7, 9)).astype(np.float32), rng.random((7, 9)) < 0.3
    product = saliency_squares = mask_squares = 0.0
    for s, g in zip(saliency.ravel().tolist(), mask.ravel().tolist()):
        product, saliency_squares, mask_squares = product + s * g, saliency_squares + s * s, mask_squares + g * g
    assert soft_dice(saliency, mask) == pytest.approx(2 * product / (saliency_squares + mask_squares), rel=1e-9)


@pytest.mark.parametrize('overlap', OVERLAPS)
def test_image_without_annotation_has_no_overlap(overlap):
    assert np.isnan(overlap(PREDICTED, EMPTY))


@pytest.mark.parametrize('overlap', OVERLAPS)
def test_other_shape_is_named(overlap):
    with pytest.raises(ValueError, match=r'shape \(3, 2\)'):
        overlap(PREDICTED.T, MASK)


@pytest.mark.parametrize('overlap', OVERLAPS)
def test_graded_mask_is_refused(overlap):
    with pytest.raises(ValueError, match='mask must hold 0 and 1 only'):
        overlap(PREDICTED, MASK * 255)


@pytest.mark.parametrize('value', [1.5, -0.1, np.nan])
def test_saliency_outside_its_range_is_refused(value):
    with pytest.raises(ValueError, match=r'must lie in \[0, 1\]'):
        soft_dice(np.full((2, 3), value), MASK)


def test_mean_share_reaching_counts_annotated_images_only_and_a_tie_as_reached():
    overlaps = np.array([0.05, 0.25, 0.5, np.nan])
    # at least 0.1: 2 of 3; at least 0.25: 2 of 3; at least 0.5: 1 of 3
    assert mean_share_reaching(overlaps, (0.1, 0.25, 0.5)) == pytest.approx((2 / 3 + 2 / 3 + 1 / 3) / 3)
    assert mean_share_reaching(np.array([0.3]), [3 * 0.1]) == 1  # 3 * 0.1 is more than 0.3 in the last bit
    assert np.isnan(mean_share_reaching(np.array([np.nan]), (0.5,)))
    with pytest.raises(ValueError, match='at least one threshold'):
        mean_share_reaching(overlaps, ())


masks = arrays(bool, (4, 5), elements=st.booleans())


@given(masks, masks)
def test_dice_and_iou_order_alike(predicted, mask):
    if mask.any():
        iou = intersection_over_union(predicted, mask)
        assert dice(predicted, mask) == pytest.approx(2 * iou / (1 + iou))
        assert intersection_over_region(predicted, mask) >= iou
