import numpy as np
import pytest

from mammo_plugins.datasets.transforms import RandomShiftScale


def test_whole_pixel_shift_is_exact(make_view):
    img = np.random.default_rng(0).random((2, 10, 12)).astype(np.float32)
    view = make_view(img, [[1, 2, 3, 4]])
    RandomShiftScale().apply(view, scale=1.0, shift_x=0.25, shift_y=0.2)
    expected = np.zeros_like(img)
    expected[:, 2:, 3:] = img[:, :-2, :-3]
    np.testing.assert_allclose(view['img'], expected, atol=1e-6)
    np.testing.assert_array_equal(view['gt_bboxes'], [[4, 4, 6, 6]])


def test_pixels_and_boxes_scale_about_the_same_point(make_view):
    img = np.zeros((1, 60, 80), dtype=np.float32)
    img[:, 20:30, 30:45] = 1
    view = make_view(img, [[30, 20, 45, 30]])
    RandomShiftScale().apply(view, scale=2.0, shift_x=0.0, shift_y=0.0)
    rows, columns = np.nonzero(view['img'][0] > 0.5)
    np.testing.assert_array_equal(view['gt_bboxes'], [[columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]])


def test_findings_stay_whole(make_view):
    transform, rng = RandomShiftScale(shift=0.3, scale=(0.5, 2)), np.random.default_rng(0)
    for _ in range(200):
        view = make_view(np.zeros((1, 30, 40)), [[1, 1, 10, 9], [30, 20, 39, 29]])
        transform(dict(rng=rng, views=[view]))
        boxes = view['gt_bboxes']
        assert boxes.min() >= 0 and boxes[:, 2].max() <= 40 and boxes[:, 3].max() <= 30


def test_view_stays_where_no_movement_fits(make_view):
    view = make_view(np.ones((1, 30, 40)), [[0, 0, 40, 30]])
    parameters = RandomShiftScale(scale=(1.5, 2)).sample_parameters(np.random.default_rng(0), view)
    assert parameters == dict(scale=1.0, shift_x=0.0, shift_y=0.0)


def test_factors_are_uniform_where_asked_for(make_view):
    shares = {}
    for uniform in (False, True):
        transform = RandomShiftScale(shift=0.0, scale=(0.4, 1.6), uniform=uniform)
        rng, view = np.random.default_rng(0), make_view(np.ones((1, 20, 20), np.float32))
        shares[uniform] = np.mean([transform.sample_parameters(rng, view)['scale'] < 0.8 for _ in range(500)])
    assert shares[True] == pytest.approx(0.4 / 1.2, abs=0.06)
    assert shares[False] == pytest.approx(np.log(2) / np.log(4), abs=0.06)


def test_lesion_free_view_moves_within_the_ranges(make_view):
    transform, rng = RandomShiftScale(shift=0.1, scale=(0.8, 1.25)), np.random.default_rng(0)
    view = make_view(np.zeros((1, 30, 40)))
    moved = [transform(dict(rng=rng, views=[{**view}]))['views'][0] for _ in range(300)]
    matrices = np.stack([one['homography_matrix'] for one in moved])
    assert 0.8 <= matrices[:, 0, 0].min() and matrices[:, 0, 0].max() <= 1.25
    centres = matrices @ [20, 15, 1] - [20, 15, 1]
    assert 3.5 < np.abs(centres[:, 0]).max() <= 4 and 2.6 < np.abs(centres[:, 1]).max() <= 3


@pytest.mark.parametrize('bad', [dict(shift=-0.1), dict(scale=(0, 1)), dict(attempts=0)])
def test_settings_out_of_range_are_refused(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        RandomShiftScale(**bad)
