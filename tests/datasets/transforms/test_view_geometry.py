"""Every geometric transform moves pixels, boxes and record by the same homography, and the record leads back."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammo_plugins.datasets.transforms import (
    CropBreast,
    OrientCanonical,
    RandomFlipViews,
    RandomShiftScale,
    ResizeBreast,
)
from mammo_plugins.datasets.transforms.view_geometry import move_view, select_findings
from mammo_plugins.structures.geometry import project_boxes, shift_homography


@st.composite
def chains(draw):
    """A breast, its boxes in stored pixels, and a seed for the random transforms."""
    height, width = draw(st.integers(20, 90)), draw(st.integers(20, 90))
    side, rotated = draw(st.sampled_from('LR')), draw(st.booleans())
    boxes = []
    for _ in range(draw(st.integers(0, 3))):
        x, y = draw(st.floats(0, 0.3)) * width, draw(st.floats(0.3, 0.5)) * height
        boxes.append([x, y, x + draw(st.floats(0.05, 0.2)) * width, y + draw(st.floats(0.05, 0.2)) * height])
    return height, width, side, rotated, boxes, draw(st.integers(0, 2**31))


@settings(max_examples=60, deadline=None)
@given(chains(), st.sampled_from([(24, 48), (110, 220)]))
def test_network_boxes_return_to_stored_pixels(breast, make_view, chain, size):
    height, width, side, rotated, boxes, seed = chain
    pixels = breast(height, width, side)
    boxes = np.array(boxes).reshape(-1, 4)
    if side == 'R':
        boxes[:, [0, 2]] = width - boxes[:, [2, 0]]
    view = make_view([pixels[::-1] if rotated else pixels], boxes, rotated_180=rotated)
    for transform in (OrientCanonical(), CropBreast(margin=0.1), ResizeBreast(*size)):
        view = transform(view)
    results = dict(views=[view], rng=np.random.default_rng(seed))
    view = RandomShiftScale()(RandomFlipViews()(results))['views'][0]

    assert view['num_findings_lost'] == view['num_findings_clipped'] == 0
    back = np.linalg.inv(view['homography_matrix'])
    np.testing.assert_allclose(project_boxes(view['gt_bboxes'].astype(float), back), boxes, atol=1e-3)
    exact = project_boxes(project_boxes(boxes, view['homography_matrix']), back)
    np.testing.assert_allclose(exact, boxes, atol=1e-9)


def bounds(pixels, threshold=0.95):
    """xyxy of the pixels that are brighter than a threshold."""
    rows, columns = np.nonzero(pixels > threshold)
    return [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]


@pytest.mark.parametrize('side', ['L', 'R'])
@pytest.mark.parametrize('rotated', [False, True])
def test_box_keeps_bounding_what_it_bounded(breast, make_view, side, rotated):
    pixels = breast(96, 64, side)
    left = 8 if side == 'L' else 36
    pixels[40:60, left : left + 16] = 1
    box = [left, 40, left + 16, 60]
    if rotated:
        pixels, box = pixels[::-1], [left, 36, left + 16, 56]
    view = CropBreast()(OrientCanonical()(make_view([pixels], [box], rotated_180=rotated)))
    np.testing.assert_array_equal(view['gt_bboxes'][0], bounds(view['img'][0]))
    for horizontal, vertical in ((True, False), (False, True), (True, True)):
        RandomFlipViews().apply(view, horizontal, vertical)
        np.testing.assert_array_equal(view['gt_bboxes'][0], bounds(view['img'][0]))
    height, width = view['img_shape']
    for resize in (ResizeBreast(width * 2, height * 2), ResizeBreast(width // 2, height)):
        resized = resize({**view})
        np.testing.assert_allclose(resized['gt_bboxes'][0], bounds(resized['img'][0], 0.85), atol=1)


def test_record_appends_after_what_came_before(make_view):
    view = make_view(np.zeros((1, 8, 8)), [[1, 2, 3, 4]])
    move_view(view, view['img'], shift_homography(1, 0))
    move_view(view, view['img'], np.diag([2.0, 2, 1]))
    np.testing.assert_array_equal(view['gt_bboxes'], [[4, 4, 8, 8]])
    np.testing.assert_array_equal(view['homography_matrix'] @ [1, 2, 1], [4, 4, 1])


def test_selecting_findings_selects_every_fact(make_view):
    view = make_view(np.zeros((3, 8, 8)), [[0, 0, 1, 1], [1, 1, 2, 2]], slices=[0, 2])
    select_findings(view, np.array([False, True]))
    assert view['gt_slices'].tolist() == [2] and view['gt_lesion_ids'] == ['lesion1']
    assert view['gt_bboxes'].tolist() == [[1, 1, 2, 2]] and view['gt_slice_ranges'].shape == (1, 2)
