import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammo_plugins.datasets.transforms import RandomIntensity

IMG = np.random.default_rng(0).random((3, 8, 8)).astype(np.float32)


def test_neutral_parameters_change_nothing(make_view):
    view = make_view(IMG)
    RandomIntensity().apply(view, gamma=1, contrast=1, brightness=0)
    np.testing.assert_allclose(view['img'], IMG, atol=1e-6)


def test_formula(make_view):
    view = make_view(IMG)
    RandomIntensity().apply(view, gamma=2, contrast=0.5, brightness=0.1)
    squared = IMG.astype(float) ** 2
    np.testing.assert_allclose(view['img'], squared.mean() + 0.5 * (squared - squared.mean()) + 0.1, atol=1e-6)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1000))
def test_result_stays_in_range_and_keeps_its_type(make_view, seed):
    transform = RandomIntensity(gamma=(0.5, 2), contrast=(0.5, 2), brightness=0.5)
    view = transform(dict(rng=np.random.default_rng(seed), views=[make_view(IMG)]))['views'][0]
    assert view['img'].dtype == np.float32
    assert view['img'].min() >= 0 and view['img'].max() <= 1


def test_draws_stay_in_their_ranges():
    transform, rng = RandomIntensity(gamma=(0.5, 2), contrast=(0.9, 1), brightness=0.2), np.random.default_rng(0)
    draws = [transform.sample_parameters(rng, {}) for _ in range(500)]
    gammas, contrasts, shifts = (
        np.array([draw[name] for draw in draws]) for name in ('gamma', 'contrast', 'brightness')
    )
    assert 0.5 <= gammas.min() < 0.55 and 1.9 < gammas.max() <= 2
    assert abs((gammas > 1).mean() - 0.5) < 0.08
    assert 0.9 <= contrasts.min() and contrasts.max() <= 1
    assert -0.2 <= shifts.min() < -0.15 and 0.15 < shifts.max() <= 0.2


def test_original_image_is_not_written_to(make_view):
    img = IMG.copy()
    RandomIntensity().apply(make_view(img), gamma=1.5, contrast=1, brightness=0)
    np.testing.assert_array_equal(img, IMG)


@pytest.mark.parametrize('bad', [dict(gamma=(2, 1)), dict(contrast=(0, 1)), dict(brightness=-1)])
def test_reversed_or_negative_ranges_are_refused(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        RandomIntensity(**bad)
