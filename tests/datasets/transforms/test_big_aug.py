"""Transforms of BigAug: intensities against their formula, boxes that follow what moves."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, map_coordinates

from mammo_plugins.datasets.transforms import (
    RandomElastic,
    RandomGamma,
    RandomLinearGrey,
    RandomNoise,
    RandomRotation,
    RandomSharpen,
    RandomShiftScale,
)

BOX = [30, 40, 60, 90]
KINDS = (RandomElastic, RandomGamma, RandomLinearGrey, RandomNoise, RandomRotation, RandomSharpen, RandomShiftScale)


@pytest.fixture(name='view')
def view_fixture(make_view, breast):
    return make_view(breast(120, 96)[None], boxes=[BOX], modality='FFDM')


def run(transform, view, seed=0):
    transform.transform(dict(views=[view], rng=np.random.default_rng(seed)))
    return view['img']


@pytest.mark.parametrize('kind', KINDS)
def test_probability_of_none_changes_nothing(kind, view):
    before = view['img'].copy()
    np.testing.assert_array_equal(run(kind(prob=0.0), view), before)
    np.testing.assert_array_equal(view['gt_bboxes'], [BOX])


@pytest.mark.parametrize('kind', KINDS)
def test_every_second_view_is_changed(kind, make_view, breast):
    rng, changed = np.random.default_rng(0), 0
    for _ in range(60):
        view = make_view(breast(40, 32)[None])
        before = view['img'].copy()
        kind(prob=0.5).transform(dict(views=[view], rng=rng))
        changed += not np.array_equal(before, view['img'])
    assert 18 <= changed <= 42  # four standard deviations from 30 and more


@pytest.mark.parametrize('kind', KINDS)
def test_impossible_probability_is_refused(kind):
    with pytest.raises(ValueError, match=r'prob lies in \[0, 1\]'):
        kind(prob=1.5)


def test_sharpening_is_the_formula(view):
    before = view['img'][0].astype(np.float64)
    found = RandomSharpen().apply(view, (0.8, 1.2), 15.0) or view['img'][0]
    blurred = gaussian_filter(before, 0.8, mode='mirror')
    expected = blurred + 15 * (blurred - gaussian_filter(blurred, 1.2, mode='mirror'))
    # The two libraries cut their Gaussians at different radii.
    np.testing.assert_allclose(found, expected, atol=0.05 * np.ptp(expected))
    assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.999


def test_noise_is_in_parts_of_the_views_spread(view):
    before = view['img'].copy()
    RandomNoise().apply(view, 0.5, seed=3)
    noise = view['img'] - before
    assert noise.std() == pytest.approx(0.5 * before.std(), rel=0.05) and abs(noise.mean()) < 0.05 * noise.std()


def test_linear_change_is_the_formula(view):
    before = view['img'].copy()
    RandomLinearGrey().apply(view, factor=1.1, shift=-0.1)
    np.testing.assert_allclose(view['img'], 1.1 * before - 0.1 * before.std(), rtol=1e-5, atol=1e-6)


def test_gamma_keeps_the_range_of_values_below_0_too(view):
    view['img'] = before = view['img'] * 3 - 1
    RandomGamma().apply(view, gamma=2.0)
    low, high = before.min(), before.max()
    expected = ((before - low) / (high - low)) ** 2 * (high - low) + low
    np.testing.assert_allclose(view['img'], expected, rtol=1e-4, atol=1e-5)
    assert view['img'].dtype == np.float32


def test_elastic_moves_pixels_by_the_field(view):
    before, elastic = view['img'][0].copy(), RandomElastic(shift=6.0, sigma=12.0)
    elastic.apply(view, 5.0, seed=1)
    field = elastic._field(np.random.default_rng(1), 120, 96, 5.0)
    rows, columns = np.mgrid[:120, :96].astype(np.float64)
    at = np.stack([rows + field[..., 1], columns + field[..., 0]])
    expected = map_coordinates(before, at, order=1, cval=0.0)
    inside = (at[0] > 1) & (at[0] < 118) & (at[1] > 1) & (at[1] < 94)
    # OpenCV reads at 32nds of a pixel.
    assert np.abs(view['img'][0] - expected)[inside].max() < 0.05
    assert np.linalg.norm(field, axis=-1).max() == pytest.approx(5.0, rel=1e-5)


@pytest.mark.parametrize('seed', range(5))
def test_box_goes_where_its_finding_goes(make_view, seed):
    img = np.zeros((1, 120, 96), np.float32)
    img[0, 40:90, 30:60] = 1
    view = make_view(img, boxes=[BOX])
    RandomElastic(shift=8.0, sigma=10.0).apply(view, 8.0, seed)
    rows, columns = np.nonzero(view['img'][0] > 0.5)
    expected = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    np.testing.assert_allclose(view['gt_bboxes'][0], expected, atol=1.0)


def test_outlines_are_not_moved(view):
    view['gt_segmentations'] = [None]
    with pytest.raises(ValueError, match='not outlines'):
        run(RandomElastic(prob=1.0), view)


def test_field_that_folds_is_refused():
    with pytest.raises(ValueError, match='shift <= sigma'):
        RandomElastic(shift=20, sigma=10)
