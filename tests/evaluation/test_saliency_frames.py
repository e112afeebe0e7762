from __future__ import annotations

import numpy as np
import pytest

from mammo_plugins.evaluation import ImageKey
from mammo_plugins.evaluation.saliency_files import SaliencyMap
from mammo_plugins.evaluation.saliency_frames import saliency_on_picture

# Stored 1000 x 2000 pixels; the network saw the lower half, mirrored, at a tenth of the size.
LOWER_HALF = np.array([[-0.1, 0, 100], [0, 0.1, -100], [0, 0, 1]])


def entry(shape):
    return SaliencyMap(ImageKey('p', 's', 'lcc'), 'any', 'a.png', shape, (100.0, 100.0), LOWER_HALF)


def test_map_lies_where_it_was_seen_in_the_stored_image():
    saliency = np.zeros((10, 10))
    saliency[2, 1] = 1  # network x 10..20, y 20..30: stored x 800..900, y 1200..1300
    shown = saliency_on_picture(entry((10, 10)), saliency, np.eye(3), (1000, 2000), 20)
    assert shown.shape == (20, 10)
    assert np.argwhere(shown).tolist() == [[12, 8]] and shown[12, 8] == pytest.approx(1)


def test_picture_that_is_the_networks_frame_shows_the_map_as_it_is():
    saliency = np.random.default_rng(0).random((100, 100))
    shown = saliency_on_picture(entry((100, 100)), saliency, LOWER_HALF, (100, 100), 500)
    np.testing.assert_allclose(shown, saliency, atol=1e-12)


def test_fine_map_is_averaged_over_what_is_drawn():
    saliency = np.tile([[0.0, 0.5], [0.5, 1.0]], (50, 50))
    shown = saliency_on_picture(entry((100, 100)), saliency, LOWER_HALF, (100, 100), 50)
    np.testing.assert_allclose(shown, np.full((50, 50), 0.5), atol=1e-12)


def test_what_a_map_does_not_reach_is_not_salient():
    shown = saliency_on_picture(entry((4, 4)), np.ones((4, 4)), np.eye(3), (1000, 2000), 40)
    assert shown[:20].max() == 0 and shown[20:].min() == 1
