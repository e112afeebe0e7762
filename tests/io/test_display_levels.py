"""Levels for a viewer: shown by their scale, they are the intensities that all other commands see."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from mammo_plugins.io.display_levels import DisplayScale, read_display_levels
from mammo_plugins.io.image_source import open_image
from tests.io.dicom_builder import ct_slices, dbt_volume, gradient, item, mammogram, save
from tests.io.test_dicom_intensity import _lut

WINDOWED = dict(WindowCenter=2000, WindowWidth=1000)


def read(path, indices=(0,)):
    scale, levels = read_display_levels(open_image(path), list(indices))
    return scale, list(levels)


def shown(path, index=0):
    scale, (levels,) = read(path, [index])
    return scale.greys()[levels].astype(int)


def intensities(path, index=0):
    (pixels,) = open_image(path).iter_slices([index])
    return pixels * 255


@pytest.mark.parametrize(
    'elements',
    [
        WINDOWED,
        WINDOWED | {'VOILUTFunction': 'SIGMOID'},
        WINDOWED | {'VOILUTFunction': 'LINEAR_EXACT'},
        WINDOWED | {'PhotometricInterpretation': 'MONOCHROME1'},
        WINDOWED | {'RescaleSlope': 2, 'RescaleIntercept': -500},
        WINDOWED | {'RescaleSlope': -1, 'RescaleIntercept': 4095},
        WINDOWED | {'PixelPaddingValue': 0},
        WINDOWED | {'WindowWidth': 1},
        {},
        {'PresentationIntentType': 'FOR PROCESSING'},
        {'PresentationIntentType': 'FOR PROCESSING', 'PixelPaddingValue': 0},
    ],
)
def test_levels_by_their_scale_are_what_the_header_asks_for(elements, tmp_path):
    path = save(mammogram(gradient((40, 30)), **elements), tmp_path / 'a.dcm')
    np.testing.assert_allclose(shown(path), intensities(path), atol=0.51)


@pytest.mark.parametrize('inverted', [False, True])
def test_table_of_the_header_is_sampled_at_each_level(inverted, tmp_path):
    table = 0, [round(255 * (k / 4095) ** 2) for k in range(4096)], 8
    photometric = 'MONOCHROME1' if inverted else 'MONOCHROME2'
    elements = dict(VOILUTSequence=_lut(table, '<', False, 'US'), PhotometricInterpretation=photometric)
    path = save(mammogram(gradient((40, 30)), **elements), tmp_path / 'a.dcm')
    scale, _ = read(path)
    assert scale.table.shape == (4096,)
    np.testing.assert_allclose(shown(path), intensities(path), atol=0.51)


def test_levels_are_the_stored_values_and_have_their_units(tmp_path):
    pixels = gradient((40, 30))
    path = save(mammogram(pixels, RescaleSlope=2, RescaleIntercept=-500, **WINDOWED), tmp_path / 'a.dcm')
    scale, (levels,) = read(path)
    np.testing.assert_array_equal(levels, pixels)
    assert (scale.top, scale.low, scale.high, levels.dtype) == (4095, -500, 7690, np.uint16)
    assert (scale.center, scale.width) == pytest.approx((1249.75, 499.5))  # LINEAR: half a value lower, one narrower


def test_monochrome1_counts_levels_from_its_highest_value(tmp_path):
    pixels = gradient((40, 30))
    path = save(mammogram(pixels, PhotometricInterpretation='MONOCHROME1', **WINDOWED), tmp_path / 'a.dcm')
    scale, (levels,) = read(path)
    np.testing.assert_array_equal(levels, 4095 - pixels)
    assert (scale.low, scale.high) == (4095, 0)


def test_8_bits_stay_8_bits(tmp_path):
    path = save(
        mammogram(gradient((40, 30), bits=8).astype(np.uint8), WindowCenter=100, WindowWidth=50), tmp_path / 'a'
    )
    scale, (levels,) = read(path)
    assert (scale.top, levels.dtype) == (255, np.uint8)


def test_png_of_12_bits_in_16_keeps_its_values(tmp_path):
    pixels = gradient((40, 30))
    Image.fromarray(pixels).save(tmp_path / '0_L-CC.png')
    scale, (levels,) = read(tmp_path / '0_L-CC.png')
    np.testing.assert_array_equal(levels, pixels)
    assert scale.top == 4095
    np.testing.assert_allclose(shown(tmp_path / '0_L-CC.png'), intensities(tmp_path / '0_L-CC.png'), atol=0.51)


def test_frames_with_windows_of_their_own_are_shown_by_them(tmp_path):
    voi = [item(WindowCenter=center, WindowWidth=800) for center in (1000, 3000)]
    frames = [item(FrameVOILUTSequence=[one]) for one in voi]
    volume = dbt_volume(np.stack([gradient((40, 30))] * 2), PerFrameFunctionalGroupsSequence=frames)
    path = save(volume, tmp_path / 'a.dcm')
    scale, levels = read(path, [0, 1])
    assert scale == DisplayScale.of_intensities(4095)
    for index in range(2):
        np.testing.assert_allclose(shown(path, index), intensities(path, index), atol=0.6)  # rounded to 12 bits first
    assert (levels[0] != levels[1]).any()


def test_slices_of_a_folder_share_their_window(tmp_path):
    for number, dataset in enumerate(ct_slices(np.stack([gradient((40, 30))] * 3), **WINDOWED)):
        save(dataset, tmp_path / f'{number}.dcm')
    scale, levels = read(tmp_path, [0, 1, 2])
    assert len(levels) == 3 and scale.width < 1000
    np.testing.assert_allclose(shown(tmp_path, 2), intensities(tmp_path, 2), atol=0.51)
