from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from mammo_plugins.evaluation.functional import PixelAveragePrecision


def stored_maps(num_images=5, levels=65536, seed=0):
    """Maps as a file of so many grey levels holds them, the last one without annotation."""
    rng = np.random.default_rng(seed)
    maps = rng.integers(levels, size=(num_images, 20, 30)) / (levels - 1)
    masks = rng.random(maps.shape) < 0.1 + 0.5 * maps
    masks[-1] = False
    return maps, masks


@pytest.mark.parametrize('levels', [2, 256, 65536])
def test_agrees_with_scikit_learn_on_maps_of_as_many_levels(levels):
    maps, masks = stored_maps(levels=levels)
    metric = PixelAveragePrecision(levels)
    for saliency, mask in zip(maps, masks):
        metric.update(saliency, mask)
    each = [average_precision_score(mask.ravel(), saliency.ravel()) for saliency, mask in zip(maps[:-1], masks)]
    assert metric.image_level() == pytest.approx(np.mean(each), abs=1e-9)
    assert metric.dataset_level() == pytest.approx(average_precision_score(masks.ravel(), maps.ravel()), abs=1e-9)


def test_finer_maps_are_rounded_to_levels_with_a_small_error():
    rng = np.random.default_rng(1)
    saliency = rng.random((100, 100))
    mask = rng.random(saliency.shape) < saliency
    exact = average_precision_score(mask.ravel(), saliency.ravel())
    assert PixelAveragePrecision(256).update(saliency, mask) == pytest.approx(exact, abs=1e-2)
    assert PixelAveragePrecision().update(saliency, mask) == pytest.approx(exact, abs=1e-4)


def test_hand_worked_case():
    metric = PixelAveragePrecision(11)
    # 0.9 is lesion, 0.5 is not, both 0.1 are one of each: precision 1 at recall 1/2, 2/4 at recall 1.
    assert metric.update(np.array([[0.9, 0.5, 0.1, 0.1]]), np.array([[1, 0, 1, 0]])) == pytest.approx(0.5 + 0.25)
    # An image without lesion adds two high false pixels to the pool: 0.9 is 1 of 3.
    assert np.isnan(metric.update(np.array([[0.9, 0.9]]), np.array([[0, 0]])))
    assert metric.image_level() == pytest.approx(0.75)
    assert metric.dataset_level() == pytest.approx(0.5 * 1 / 3 + 0.5 * 2 / 6)


def test_without_annotation_there_is_no_number():
    metric = PixelAveragePrecision(4)
    assert np.isnan(metric.image_level()) and np.isnan(metric.dataset_level())
    metric.update(np.ones((2, 2)), np.zeros((2, 2)))
    assert np.isnan(metric.image_level()) and np.isnan(metric.dataset_level())


@pytest.mark.parametrize('value', [1.01, -0.5, np.nan])
def test_saliency_outside_its_range_is_refused(value):
    with pytest.raises(ValueError, match=r'must lie in \[0, 1\]'):
        PixelAveragePrecision().update(np.full((2, 2), value), np.ones((2, 2)))


def test_one_level_is_refused():
    with pytest.raises(ValueError, match='num_levels must be at least 2, got 1'):
        PixelAveragePrecision(1)


def test_refused_image_leaves_no_trace():
    metric = PixelAveragePrecision(4)
    with pytest.raises(ValueError, match='belong together'):
        metric.update(np.ones((2, 2)), np.ones((2, 3)))
    assert np.isnan(metric.dataset_level())
