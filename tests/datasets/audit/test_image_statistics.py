"""Numbers of drawn breasts."""

from __future__ import annotations

import numpy as np
import pytest

from mammo_plugins.datasets.audit.box_contrast import box_contrast, pixel_window
from mammo_plugins.datasets.audit.image_statistics import (
    breast_share,
    has_bright_background,
    pixel_digest,
    shown_range,
)
from mammo_plugins.datasets.breast_region import find_breast_mask

EVERYWHERE = np.ones((60, 60), dtype=bool)


def noise(shape=(60, 60)):
    return np.random.default_rng(0).normal(0.5, 0.01, shape)


def test_digest_depends_on_size_and_values_only():
    stored = np.arange(12, dtype=np.uint16).reshape(3, 4)
    digest = pixel_digest(stored, 1)
    assert digest == pixel_digest(np.asfortranarray(stored.astype('>u2')), 1)
    changed = stored.copy()
    changed[2, 3] += 1
    others = [pixel_digest(changed, 1), pixel_digest(stored.reshape(4, 3), 1), pixel_digest(stored, 2)]
    assert len({digest, *others}) == 4


@pytest.mark.parametrize('side', ['L', 'R'])
def test_bright_air_is_told_from_a_bright_breast(breast, side):
    pixels = breast(side=side)
    assert not has_bright_background(pixels)
    assert has_bright_background(1 - pixels)
    assert not has_bright_background(np.full((60, 60), 0.7))


def test_breast_is_the_largest_bright_region(breast):
    pixels = breast()
    pixels[2:6, 55:62] = 1  # a marker
    mask = find_breast_mask(pixels)
    assert mask[48, 10] and not mask[3, 58] and not mask[48, 60]
    assert mask.mean() == pytest.approx((breast() > 0).mean(), abs=0.01)


def test_reduced_decision_gives_a_mask_of_the_image_size():
    pixels = np.zeros((1300, 901))
    pixels[100:1200, :500] = 1
    mask = find_breast_mask(pixels)
    assert mask.shape == pixels.shape
    assert mask.mean() == pytest.approx(pixels.mean(), abs=0.01)


def test_dust_is_no_breast():
    pixels = np.zeros((100, 100))
    pixels[3:6, 3:6] = 1
    assert not find_breast_mask(pixels).any()


def test_mask_agrees_with_the_crop_of_the_detector(breast):
    from mammo_plugins.datasets.transforms import CropBreast

    pixels = breast()
    rows, columns = np.nonzero(find_breast_mask(pixels))
    window = CropBreast(margin=0.0).find_breast(pixels)
    inner = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    assert np.abs(np.subtract(window, inner)).max() <= 1  # it leaves a margin of one decision pixel


def test_bright_square_stands_out_by_its_height_in_spreads():
    pixels = noise()
    pixels[20:30, 20:30] += 0.05
    assert box_contrast(pixels, EVERYWHERE, (20, 20, 10, 10)) == pytest.approx(5, rel=0.1)
    assert box_contrast(pixels, EVERYWHERE, (40, 40, 10, 10)) < 0.4


def test_dark_square_stands_out_too():
    pixels = noise()
    pixels[20:30, 20:30] -= 0.05
    assert box_contrast(pixels, EVERYWHERE, (20, 20, 10, 10)) == pytest.approx(5, rel=0.1)


def test_few_bright_dots_stand_out_although_the_median_stays():
    pixels = noise()
    pixels[20:30:3, 20:30:3] += 0.2
    assert box_contrast(pixels, EVERYWHERE, (20, 20, 10, 10)) > 5


def test_only_pixels_on_the_breast_count():
    pixels = noise()
    pixels[:, 30:] = 0  # air right beside the box
    mask = pixels > 0
    assert box_contrast(pixels, mask, (20, 20, 10, 10)) < 0.4
    assert box_contrast(pixels, mask, (45, 20, 10, 10)) is None
    assert box_contrast(np.full((60, 60), 0.5), EVERYWHERE, (20, 20, 10, 10)) is None


@pytest.mark.parametrize(
    ('box', 'share'),
    [((10, 10, 10, 10), 1.0), ((25, 10, 10, 10), 0.5), ((40, 10, 10, 10), 0.0), ((-5, 10, 10, 10), 0.5)],
)
def test_share_of_a_box_on_the_breast(box, share):
    mask = np.zeros((60, 60), dtype=bool)
    mask[:, :30] = True
    assert breast_share(mask, box) == pytest.approx(share)


def test_box_outside_has_no_pixels():
    assert pixel_window((80, 10, 5, 5), (60, 60)) == (60, 10, 60, 15)
    assert breast_share(EVERYWHERE, (80, 10, 5, 5)) == 0
    assert box_contrast(noise(), EVERYWHERE, (80, 10, 5, 5)) is None


def test_shown_range_is_that_of_the_breast():
    shown, mask = np.zeros((60, 60)), np.zeros((60, 60), dtype=bool)
    shown[:, :30] = np.linspace(0.4, 0.6, 30)
    mask[:, :30] = True
    assert shown_range(shown, mask) == pytest.approx(0.2, abs=0.02)
    assert shown_range(shown, ~EVERYWHERE) == 0
