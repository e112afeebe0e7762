import numpy as np
import pytest

from mammo_plugins.datasets.transforms import OrientCanonical


@pytest.mark.parametrize('claimed', ['L-CC', 'R-CC'])
@pytest.mark.parametrize('side', ['L', 'R'])
def test_chest_wall_comes_to_the_left_whatever_the_header_says(breast, make_view, side, claimed):
    view = OrientCanonical()(make_view([breast(side=side)], view=claimed))
    np.testing.assert_array_equal(view['img'][0], breast(side='L'))


def test_rotated_volume_is_turned_upright(breast, make_view):
    volume = np.stack([breast(seed=seed) for seed in range(3)])
    view = OrientCanonical()(make_view(volume[:, ::-1, ::-1], [[0, 0, 10, 20]], rotated_180=True))
    np.testing.assert_array_equal(view['img'], volume)
    np.testing.assert_array_equal(view['gt_bboxes'], [[54, 76, 64, 96]])


def test_side_is_decided_once_a_volume(breast, make_view):
    volume = np.stack([np.zeros_like(breast()), breast(side='R'), np.zeros_like(breast())])
    volume[0, :, 0] = 0.1
    view = OrientCanonical()(make_view(volume))
    np.testing.assert_array_equal(view['img'], volume[:, :, ::-1])
