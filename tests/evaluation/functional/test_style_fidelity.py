"""Hand-made images with a lesion: what is seen before and after a change of style."""

from __future__ import annotations

import numpy as np
import pytest

from mammo_plugins.evaluation.functional import (
    bright_structures,
    compare_structures,
    dice,
    lesion_contrast,
    lesion_region,
)

BREAST = np.ones((60, 50), dtype=bool)
BREAST[:, 45:] = False


def disc(row, column, radius=4):
    rows, columns = np.mgrid[:60, :50]
    return (rows - row) ** 2 + (columns - column) ** 2 <= radius**2


LESION, OTHER = disc(20, 15), disc(42, 30)


def image(*lesions, level=0.4, height=0.2, noise=0.01):
    pixels = np.full((60, 50), level) + noise * np.random.default_rng(0).standard_normal((60, 50))
    for lesion in lesions:
        pixels[lesion] += height
    return np.where(BREAST, pixels, 0)


def test_contrast_is_lesion_less_ring():
    assert lesion_contrast(image(LESION, noise=0), LESION, BREAST, 3) == pytest.approx(0.2)
    assert lesion_contrast(image(noise=0), LESION, BREAST, 3) == pytest.approx(0)
    assert lesion_contrast(image(LESION, height=-0.1, noise=0), LESION, BREAST, 3) == pytest.approx(-0.1)


def test_air_counts_for_neither_lesion_nor_ring():
    edge = disc(20, 43)
    assert lesion_contrast(image(edge, noise=0), edge, BREAST, 3) == pytest.approx(0.2)
    assert np.isnan(lesion_contrast(image(), disc(20, 49, 1), BREAST, 3))


def test_ring_has_a_width():
    with pytest.raises(ValueError, match='at least 1 pixel wide, got 0'):
        lesion_contrast(image(), LESION, BREAST, 0)


@pytest.mark.parametrize(
    ('change', 'overlap'),
    [
        (lambda x: x, 1.0),
        (lambda x: 0.5 * x + 0.1, 1.0),
        (lambda x: x**2, 1.0),
        (lambda x: np.where(LESION, 0.4, x), 0.0),  # gone
        (lambda x: 0.8 - x, 0.0),  # inverted
    ],
    ids=['same', 'linear', 'gamma', 'gone', 'inverted'],
)
def test_lesion_stays_through_tones_and_not_through_erasure(change, overlap):
    before = image(LESION, noise=0)
    after = np.where(BREAST, change(before), 0)
    regions = [lesion_region(pixels, LESION, BREAST, 3) for pixels in (after, before)]
    assert np.array_equal(regions[1], LESION) and dice(*regions) == pytest.approx(overlap)


def test_half_a_lesion_has_the_dice_of_its_half():
    rows = np.arange(60)[:, None] <= 20
    half = LESION & rows
    after = image(half, noise=0)
    found = lesion_region(after, LESION, BREAST, 3)
    assert np.array_equal(found, half)
    assert dice(found, LESION) == pytest.approx(2 * half.sum() / (half.sum() + LESION.sum()))


@pytest.mark.parametrize(
    ('before', 'after', 'expected'),
    [
        ((LESION, OTHER), (LESION, OTHER), (2, 0, 2, 0)),
        ((LESION, OTHER), (LESION,), (2, 1, 1, 0)),
        ((LESION,), (LESION, OTHER), (1, 0, 2, 1)),
        ((LESION,), (OTHER,), (1, 1, 1, 1)),
        ((), (), (0, 0, 0, 0)),
        ((LESION, OTHER), (), (2, 2, 0, 0)),
    ],
)
def test_what_vanishes_and_what_appears_is_counted(before, after, expected):
    found = compare_structures(image(*before), image(*after), BREAST, 8.0, deviations=6.0)
    assert found == expected


def test_tone_alone_changes_no_structure():
    before = image(LESION, OTHER)
    after = np.where(BREAST, 0.6 * before + 0.2, 0)
    assert compare_structures(before, after, BREAST, 8.0, deviations=6.0) == (2, 0, 2, 0)


def test_regions_are_numbered_and_specks_are_noise():
    pixels = image(LESION, OTHER)
    pixels[55, 5] = 1.0
    regions, count = bright_structures(pixels, BREAST, 8.0, deviations=6.0)
    assert count == 2 and set(np.unique(regions)) == {0, 1, 2}
    assert regions[55, 5] == 0 and regions[20, 15] == 1 and regions[42, 30] == 2


def test_image_without_breast_has_no_structures():
    assert bright_structures(image(LESION), np.zeros_like(BREAST), 8.0)[1] == 0
