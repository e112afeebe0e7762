"""Paired images of one view on one grid: by whole frames, by spacing and chest wall, or not at all."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammo_plugins.datasets.finding_masks import move_mask
from mammo_plugins.datasets.transforms import (
    CropBreast,
    OrientCanonical,
    PackCaseInputs,
    RandomFlipViews,
    RandomShiftScale,
    ShareGrid,
)
from mammo_plugins.structures.geometry import project_boxes


def pair_of(make_view, exposed, synthetic, **changes):
    """A case of two stored images, loaded as they are and turned."""
    facts = dict(SM=changes.pop('sm', {}), FFDM=changes.pop('ffdm', {}))
    views = [
        OrientCanonical()(make_view([pixels], modality=kind, img_path=f'{kind}.dcm', **facts[kind]))
        for kind, pixels in (('SM', synthetic), ('FFDM', exposed))
    ]
    return dict(
        case_id='P1/S1/L-CC', patient_id='P1', study_uid='S1', laterality='L', group_by='modalities', complete=True,
        annotated=True, gt_malignancy=0.0, gt_labels={}, views=views, **changes,
    )  # fmt: skip


def shrink(pixels, height, width):
    return cv2.resize(np.ascontiguousarray(pixels), (width, height), interpolation=cv2.INTER_AREA)


def smooth(breast, height, width, side='L'):
    return cv2.GaussianBlur(np.ascontiguousarray(breast(height, width, side)), (0, 0), 4)


def correlation(results):
    one, other = (view['img'][0].astype(float).ravel() for view in results['views'])
    return np.corrcoef(one, other)[0, 1]


@pytest.mark.parametrize('side', ['L', 'R'])
def test_frames_of_one_aspect_ratio_are_scaled(breast, make_view, side):
    exposed = smooth(breast, 200, 150, side)
    results = ShareGrid(width=60, max_length=120)(pair_of(make_view, exposed, shrink(exposed, 120, 90)))
    synthetic, reference = results['views']
    assert synthetic['img_shape'] == reference['img_shape'] and synthetic['img'].shape == reference['img'].shape
    assert correlation(results) > 0.999
    np.testing.assert_allclose(
        synthetic['homography_matrix'] @ np.diag([0.6, 0.6, 1]), reference['homography_matrix'], atol=1e-9
    )


def test_other_frames_are_placed_by_spacing_and_chest_wall(breast, make_view):
    exposed = smooth(breast, 200, 150)
    cut = shrink(exposed[30:190, :110], 80, 55)  # half the pixels of a frame that starts 30 rows lower
    case = pair_of(make_view, exposed, cut, ffdm=dict(spacing_mm=(0.1, 0.1)), sm=dict(spacing_mm=(0.2, 0.2)))
    results = ShareGrid(width=100, max_length=200)(case)
    synthetic, reference = (view['homography_matrix'] for view in results['views'])
    frame = np.linalg.inv(reference) @ synthetic
    np.testing.assert_allclose(frame, [[2, 0, 0], [0, 2, 30], [0, 0, 1]], atol=1.01)
    np.testing.assert_allclose(frame[:2, :2], np.diag([2, 2]), atol=1e-9)
    assert correlation(results) > 0.97


def test_other_stored_side_falls_back_to_spacing(breast, make_view):
    exposed = smooth(breast, 200, 150)
    case = pair_of(make_view, exposed, shrink(exposed, 120, 90)[:, ::-1])
    reason = (
        r'SM\.dcm and FFDM\.dcm have no common frame: SM of 90 x 120 pixels .*chest wall right, spacing unknown mm '
        r'beside FFDM of 150 x 200 pixels .*chest wall left'
    )
    with pytest.raises(ValueError, match=reason):
        ShareGrid()(case)


def test_no_spacing_and_other_aspect_ratio_is_refused_with_the_numbers(breast, make_view):
    case = pair_of(make_view, breast(200, 150), breast(120, 100), ffdm=dict(spacing_mm=(0.07, 0.07)))
    with pytest.raises(
        ValueError, match=r'height / width 1\.2000\).*height / width 1\.3333\).*spacing 0\.07 x 0\.07 mm'
    ):
        ShareGrid()(case)


@pytest.mark.parametrize(('columns', 'is_scaled'), [(90, True), (91, False)])
def test_half_a_percent_decides(breast, make_view, columns, is_scaled):
    case = pair_of(make_view, breast(200, 150), breast(120, columns))
    if is_scaled:
        assert ShareGrid()(case)['one_grid']
    else:
        with pytest.raises(ValueError, match=r'agree within 0\.5%'):
            ShareGrid()(case)


def test_image_without_partner_is_cropped_to_its_own_breast(breast, make_view):
    case = pair_of(make_view, breast(200, 150), breast(120, 90))
    case['views'] = case['views'][:1]
    (view,) = ShareGrid(width=40, max_length=80)(case)['views']
    assert view['img_shape'][1] == 40 and view['img'].max() > 0


def test_cropped_frames_and_other_groupings_are_refused(breast, make_view):
    case = pair_of(make_view, breast(200, 150), breast(120, 90))
    CropBreast()(case['views'][0])
    with pytest.raises(ValueError, match=r'SM\.dcm was cropped while loading'):
        ShareGrid()(case)
    with pytest.raises(ValueError, match='for group_by="modalities", got \'breast\''):
        ShareGrid()({**case, 'group_by': 'breast'})


def test_pairs_that_share_no_grid_are_not_packed(breast, make_view):
    case = pair_of(make_view, breast(200, 150), breast(200, 150))
    with pytest.raises(ValueError, match='case P1/S1/L-CC: the images of one view must lie on one grid'):
        PackCaseInputs()(case)
    with pytest.raises(ValueError, match='one grid'):
        RandomFlipViews()({**case, 'rng': np.random.default_rng(0)})


def test_pairs_move_alike(breast, make_view):
    exposed = smooth(breast, 200, 150)
    for seed in range(8):
        results = ShareGrid(width=60, max_length=120)(pair_of(make_view, exposed, shrink(exposed, 120, 90)))
        results = RandomShiftScale()(RandomFlipViews()({**results, 'rng': np.random.default_rng(seed)}))
        assert correlation(results) > 0.999


def test_sides_are_flipped_alike_and_stay_canonical_otherwise(breast, make_view):
    flipped = set()
    for seed in range(16):
        views = [OrientCanonical()(make_view([breast(96, 64, side)], view=f'{side}-CC')) for side in 'RL']
        assert all(view['img'][0][:, 0].sum() > view['img'][0][:, -1].sum() for view in views)
        before = [view['homography_matrix'] for view in views]
        results = RandomFlipViews()(dict(group_by='bilateral', views=views, rng=np.random.default_rng(seed)))
        moves = [
            view['homography_matrix'] @ np.linalg.inv(old) for view, old in zip(results['views'], before, strict=True)
        ]
        np.testing.assert_array_equal(moves[0], moves[1])
        flipped.add((moves[0][0, 0], moves[0][1, 1]))
    assert len(flipped) == 4


sizes = st.integers(60, 160)


@settings(max_examples=40, deadline=None)
@given(sizes, sizes, st.sampled_from('LR'), st.sampled_from([0.6, 0.738, 1.0]), st.booleans(), st.integers(0, 2**31))
def test_boxes_points_and_masks_return_to_stored_pixels(
    breast, make_view, height, width, side, scale, by_spacing, seed
):
    """Both ways of sharing a grid, then random movements: the record of each image leads back to its file."""
    exposed, other = breast(height, width, side), (round(height * scale), round(width * scale))
    if by_spacing:
        other = other[0], round(other[1] * 1.2)
    synthetic = breast(*other, side)
    spacing = dict(ffdm=dict(spacing_mm=(0.1, 0.1)), sm=dict(spacing_mm=(0.1 / scale, 0.1 / scale)))
    results = ShareGrid(width=97, max_length=173)(pair_of(make_view, exposed, synthetic, **spacing))
    rng = np.random.default_rng(seed)
    results = RandomShiftScale()(RandomFlipViews()({**results, 'rng': rng}))
    for view, stored in zip(results['views'], (synthetic, exposed), strict=True):
        there, back = view['homography_matrix'], np.linalg.inv(view['homography_matrix'])
        points = rng.uniform(0, 1, (20, 2)) * stored.shape[::-1]
        boxes = np.concatenate([points[:10], points[:10] + rng.uniform(1, 30, (10, 2))], axis=1)
        np.testing.assert_allclose(project_boxes(project_boxes(boxes, there), back), boxes, atol=1e-6)
        lifted = np.column_stack([points, np.ones(len(points))])
        np.testing.assert_allclose((lifted @ there.T) @ back.T, lifted, atol=1e-6)
        assert len(project_boxes(boxes, there)) == 10 and view['img'].shape[-2:] == (view['img_shape'])
        # A mask on a grid of at least twice the pixels comes back pixel by pixel.
        fine = np.diag([3.0, 3.0, 1]) @ there if min(abs(there[0, 0]), abs(there[1, 1])) < 1 else there
        mask = rng.random(stored.shape) > 0.5
        corners = project_boxes(np.array([0.0, 0, *stored.shape[::-1]]), fine)
        whole = np.array([[1, 0, -np.floor(corners[0])], [0, 1, -np.floor(corners[1])], [0, 0, 1]]) @ fine
        shape = tuple(np.ceil(corners[[3, 2]] - np.floor(corners[[1, 0]])).astype(int) + 1)
        if min(abs(whole[0, 0]), abs(whole[1, 1])) >= 1:
            moved = move_mask(mask, whole, shape)
            np.testing.assert_array_equal(move_mask(moved, np.linalg.inv(whole), stored.shape), mask)
