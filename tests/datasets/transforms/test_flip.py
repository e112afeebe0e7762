import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammo_plugins.datasets.transforms import RandomFlipViews

IMG = np.arange(24, dtype=np.float32).reshape(2, 3, 4) / 24


@settings(max_examples=10, deadline=None)
@given(st.booleans(), st.booleans())
def test_flipping_twice_changes_nothing(make_view, horizontal, vertical):
    view = make_view(IMG, [[0, 1, 2, 3]])
    for _ in range(2):
        RandomFlipViews().apply(view, horizontal, vertical)
    np.testing.assert_array_equal(view['img'], IMG)
    np.testing.assert_array_equal(view['gt_bboxes'], [[0, 1, 2, 3]])
    np.testing.assert_array_equal(view['homography_matrix'], np.eye(3))


def test_known_flip(make_view):
    view = make_view(IMG, [[0, 1, 2, 3]])
    RandomFlipViews().apply(view, horizontal=True, vertical=True)
    np.testing.assert_array_equal(view['img'], IMG[:, ::-1, ::-1])
    np.testing.assert_array_equal(view['gt_bboxes'], [[2, 0, 4, 2]])


def test_views_are_flipped_independently_at_the_given_rates(make_view):
    transform, rng = RandomFlipViews(prob_horizontal=0.25, prob_vertical=0.5), np.random.default_rng(0)
    flips = np.zeros((2000, 2, 2), dtype=bool)
    for case in flips:
        results = transform(dict(rng=rng, views=[make_view(IMG), make_view(IMG)]))
        case[:] = [(np.diag(view['homography_matrix']) < 0)[:2] for view in results['views']]
    np.testing.assert_allclose(flips.mean(axis=(0, 1)), [0.25, 0.5], atol=0.03)
    assert abs(np.corrcoef(flips[:, 0, 1], flips[:, 1, 1])[0, 1]) < 0.08


@pytest.mark.parametrize(('probability', 'flipped'), [(0, False), (1, True)])
def test_certain_rates_are_certain(make_view, probability, flipped):
    transform = RandomFlipViews(probability, probability)
    assert transform.sample_parameters(np.random.default_rng(0), {}) == dict(horizontal=flipped, vertical=flipped)


def test_rate_outside_zero_to_one_is_refused():
    with pytest.raises(ValueError, match='prob_horizontal=1.5'):
        RandomFlipViews(prob_horizontal=1.5)
