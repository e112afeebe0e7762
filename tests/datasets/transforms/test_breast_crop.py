import numpy as np
import pytest

from mammo_plugins.datasets.transforms import CropBreast


def test_background_and_markers_are_cut_away(make_view):
    pixels = np.zeros((100, 80), dtype=np.float32)
    pixels[30:70, :40] = 0.5
    pixels[5:10, 70:76] = 1  # a marker
    view = CropBreast(margin=0)(make_view([pixels], [[10, 40, 20, 50]]))
    assert view['img_shape'] == (42, 41)
    np.testing.assert_array_equal(view['gt_bboxes'], [[10, 11, 20, 21]])
    np.testing.assert_array_equal(view['homography_matrix'], [[1, 0, 0], [0, 1, -29], [0, 0, 1]])


def test_noise_of_the_background_does_not_widen_the_crop(breast, make_view):
    noisy = breast(400, 300) + np.random.default_rng(0).uniform(0, 0.02, (400, 300)).astype(np.float32)
    noisy[::37, ::41] = 0.3  # single bright pixels
    window, clean = CropBreast().find_breast(noisy), CropBreast().find_breast(breast(400, 300))
    np.testing.assert_allclose(window, clean, atol=3)


def test_boxes_do_not_move_the_crop(breast, make_view):
    alone = CropBreast()(make_view([breast()]))
    boxed = CropBreast()(make_view([breast()], [[0, 0, 64, 96]]))
    assert alone['img_shape'] == boxed['img_shape']


def test_findings_outside_are_dropped_and_counted(make_view):
    pixels = np.zeros((100, 80), dtype=np.float32)
    pixels[30:70, :40] = 0.5
    view = make_view([pixels], [[30, 40, 50, 50], [60, 0, 70, 10], [5, 40, 9, 44]])
    view = CropBreast(margin=0)(view)
    np.testing.assert_array_equal(view['gt_bboxes'], [[30, 11, 41, 21], [5, 11, 9, 15]])
    assert view['gt_lesion_ids'] == ['lesion0', 'lesion2']
    assert (view['num_findings_clipped'], view['num_findings_lost']) == (1, 1)


def test_large_image_loses_nothing_of_the_breast(breast):
    pixels = breast(1500, 1100)
    window = CropBreast(margin=0).find_breast(pixels)
    outside = pixels.copy()
    outside[window.top : window.bottom, window.left : window.right] = 0
    assert not outside.any()


@pytest.mark.parametrize('pixels', [np.zeros((50, 50)), np.full((50, 50), 0.7), np.eye(50)])
def test_image_without_a_breast_is_refused(make_view, pixels):
    with pytest.raises(ValueError, match='no breast found'):
        CropBreast(min_area=0.05)(make_view([pixels]))


@pytest.mark.parametrize('bad', [dict(margin=-1), dict(threshold=0), dict(percentiles=(99, 1)), dict(min_area=1)])
def test_settings_out_of_range_are_quoted(bad):
    with pytest.raises(ValueError, match='out of range: margin'):
        CropBreast(**bad)
