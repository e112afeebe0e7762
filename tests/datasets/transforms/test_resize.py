import numpy as np
import pytest

from mammo_plugins.datasets.transforms import ResizeBreast


@pytest.mark.parametrize(
    ('shape', 'expected'),
    [
        ((200, 100), (100, 50)),
        ((400, 100), (120, 30)),
        ((20, 10), (100, 50)),
        ((100, 333), (15, 50)),
        ((1, 9), (6, 50)),
    ],
)
def test_width_is_met_unless_the_breast_is_too_long(make_view, shape, expected):
    view = ResizeBreast(width=50, max_length=120)(make_view(np.zeros((2, *shape))))
    assert view['img'].shape == (2, *expected)
    assert view['img_shape'] == expected


def test_shrinking_averages(make_view):
    pixels = np.random.default_rng(0).integers(0, 65536, (1, 40, 20), np.uint16)
    view = ResizeBreast(width=10, max_length=20)(make_view(pixels, [[2, 4, 6, 8]]))
    np.testing.assert_allclose(view['img'][0], pixels.reshape(20, 2, 10, 2).mean(axis=(1, 3)), atol=0.5)
    np.testing.assert_array_equal(view['gt_bboxes'], [[1, 2, 3, 4]])


def test_rounded_sizes_are_recorded_exactly(make_view):
    view = ResizeBreast(width=50, max_length=500)(make_view(np.zeros((1, 97, 71))))
    np.testing.assert_allclose(view['homography_matrix'] @ [71, 97, 1], [50, 68, 1], rtol=1e-12)


def test_size_of_nothing_is_refused():
    with pytest.raises(ValueError, match='width=0'):
        ResizeBreast(width=0)


@pytest.mark.parametrize('grey', [1, 40000, 65535])
def test_rounding_changes_no_even_surface(make_view, grey):
    for width in [*range(20, 60), 130, 200]:
        view = ResizeBreast(width, max_length=2 * width)(make_view(np.full((1, 190, 125), grey, np.uint16)))
        assert (view['img'] == grey).all()
