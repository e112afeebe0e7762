"""Both breasts of a pair laid on one another."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from mammo_plugins.datasets.breast_region import find_breast_mask
from mammo_plugins.datasets.transforms import AlignSides
from mammo_plugins.datasets.transforms.side_alignment import NO_BREAST, NO_NIPPLES
from mammo_plugins.structures.geometry import project_boxes


def breast(height: int, width: int, top: int, bottom: int) -> np.ndarray:
    """(1, H, W) a half disc on the left edge."""
    rows, columns = np.mgrid[:height, :width]
    middle, radius = (top + bottom) / 2, (bottom - top) / 2
    inside = (rows + 0.5 - middle) ** 2 + (columns + 0.5) ** 2 < radius**2
    return np.where(inside, 30000, 0).astype(np.uint16)[None]


def view(img: np.ndarray, box: tuple[float, ...], nipple: tuple[float, float] | None = None) -> dict:
    return dict(
        img=img, img_shape=img.shape[1:], homography_matrix=np.eye(3), gt_bboxes=np.array([box], float),
        gt_bboxes_labels=np.zeros(1, int), gt_slices=np.zeros(1, int), gt_slice_ranges=np.zeros((1, 2), int),
        nipple_xy=nipple, geometry_steps=[],
    )  # fmt: skip


@pytest.fixture(name='pair')
def pair_fixture() -> dict:
    views = [
        view(breast(120, 60, 10, 90), (20, 40, 30, 50), (40.0, 40.0)),
        view(breast(100, 50, 40, 90), (5, 60, 10, 70), (25.0, 70.0)),
    ]
    return dict(group_by='bilateral', case_id='p/CC', views=views)


def rows_of(img: np.ndarray) -> tuple[int, int]:
    rows = np.flatnonzero(find_breast_mask(img[0]).any(axis=1))
    return int(rows[0]), int(rows[-1]) + 1


def test_breasts_are_equally_high_and_lie_at_one_height(pair):
    for one in pair['views']:
        one['nipple_xy'] = None
    aligned = AlignSides().transform(pair)['views']
    assert aligned[0]['img'].shape == aligned[1]['img'].shape
    (top, bottom), other = (rows_of(one['img']) for one in aligned)
    assert abs(top - other[0]) <= 2 and abs(bottom - other[1]) <= 2
    assert abs(bottom - top - np.sqrt(80 * 50)) <= 2


def test_nipples_lie_at_one_height_where_both_are_known(pair):
    known = AlignSides().transform(copy.deepcopy(pair))['views']
    assert all('input_note' not in one for one in known)
    heights = [(one['homography_matrix'] @ [*one['nipple_xy'], 1.0])[1] for one in known]
    assert heights[0] == pytest.approx(heights[1])
    by_boxes = AlignSides(use_nipples=False).transform(copy.deepcopy(pair))['views']
    assert all('input_note' not in one for one in by_boxes)  # nothing is missing that was asked for
    pair['views'][1]['nipple_xy'] = None
    one_known = AlignSides().transform(pair)['views']
    assert [one['input_note'] for one in one_known] == [NO_NIPPLES] * 2
    for one, other in zip(by_boxes, one_known):
        np.testing.assert_array_equal(one['homography_matrix'], other['homography_matrix'])
    offsets = [abs(np.subtract(*(one['homography_matrix'][1, 2] for one in views))) for views in (by_boxes, known)]
    assert offsets[1] - offsets[0] > 10


def test_chest_wall_stays_and_boxes_move_with_the_pixels(pair):
    boxes = [one['gt_bboxes'].copy() for one in pair['views']]
    for one, box in zip(AlignSides().transform(pair)['views'], boxes):
        assert one['homography_matrix'][0, 2] == 0
        assert one['homography_matrix'][0, 0] == one['homography_matrix'][1, 1]
        np.testing.assert_allclose(one['gt_bboxes'], project_boxes(box, one['homography_matrix']))
        assert len(one['geometry_steps']) == 1 and one['img_shape'] == one['img'].shape[1:]
    assert all(rows_of(one['img'])[0] > 0 for one in pair['views'])


def test_swapping_the_sides_swaps_the_results(pair):
    swapped = copy.deepcopy(pair)
    swapped['views'].reverse()
    one, other = AlignSides().transform(pair)['views'], AlignSides().transform(swapped)['views']
    for first, second in zip(one, other[::-1]):
        np.testing.assert_array_equal(first['img'], second['img'])


def test_side_without_a_breast_leaves_the_pair_as_it_is(pair):
    pair['views'][0]['img'] = np.zeros((1, 120, 60), np.uint16)
    before = pair['views'][1]['img']
    views = AlignSides().transform(pair)['views']
    assert views[1]['img'] is before and [one['input_note'] for one in views] == [NO_BREAST] * 2


def test_what_is_no_pair_is_refused(pair):
    with pytest.raises(ValueError, match='AlignSides is for pairs of group_by="bilateral", got \'breast\' with 2'):
        AlignSides().transform({**pair, 'group_by': 'breast'})
