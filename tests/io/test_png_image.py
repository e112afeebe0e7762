"""Mammograms in PNG: view from the name, intensity scale, broken files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mammo_plugins.io.file_name_view import view_from_file_name
from mammo_plugins.io.png_image import PngImage
from mammo_plugins.io.unreadable_image import UnreadableImageError


def save_png(path: Path, pixels: np.ndarray) -> Path:
    Image.fromarray(pixels).save(path)
    return path


def read(path: Path, voi: str = 'auto') -> np.ndarray:
    (pixels,) = PngImage(path).iter_slices(voi=voi)
    return pixels


@pytest.mark.parametrize(
    ('name', 'view', 'prefix'),
    [
        ('0_L-CC.png', 'L-CC', '0'),
        ('patient7_RMLO.png', 'R-MLO', 'patient7'),
        ('12-r_cc.png', 'R-CC', '12'),
        ('L-MLO.png', 'L-MLO', ''),
        ('a_L-CC_R-MLO.png', 'R-MLO', 'a_L-CC'),
        ('0_R-CC_benign_mask.png', 'R-CC', '0'),
        ('case RCC2.png', 'R-CC', 'case'),
        ('mammogram.png', None, 'mammogram'),
        ('BLCC.png', None, 'BLCC'),
        ('0_X-CC.png', None, '0_X-CC'),
    ],
)
def test_view_and_patient_are_read_from_the_name(name, view, prefix):
    found, before = view_from_file_name(Path(name))
    assert (str(found) if found else None, before) == (view, prefix)


def test_header(tmp_path):
    header = PngImage(save_png(tmp_path / '0_L-CC.png', np.zeros((4, 3), np.uint16))).header
    assert (header.rows, header.columns, header.num_slices, header.bits_stored) == (4, 3, 1, 16)
    assert (header.modality, str(header.view), header.view_source) == ('FFDM', 'L-CC', 'file name')
    assert (header.patient_id, header.study_uid) == ('0', '') and header.spacing_mm is None


def test_name_without_view_gives_none_with_a_reason(tmp_path):
    header = PngImage(save_png(tmp_path / 'a.png', np.zeros((4, 3), np.uint8))).header
    assert header.view is None and header.view_problem == "the file name 'a.png' holds no view such as L-CC"


@pytest.mark.parametrize(('largest', 'scale'), [(65535, 65535), (4095, 4095), (4000, 4095), (1023, 1023), (1024, 2047)])
def test_16_bit_image_is_scaled_by_the_bits_that_it_uses(tmp_path, largest, scale):
    pixels = np.array([[0, largest // 3, largest]], np.uint16)
    path = save_png(tmp_path / '0_L-CC.png', pixels)
    np.testing.assert_allclose(read(path), pixels / scale, atol=1e-6)
    np.testing.assert_allclose(read(path, 'none'), pixels / 65535, atol=1e-6)


def test_8_bit_image_is_scaled_by_255_even_where_it_is_dark(tmp_path):
    pixels = np.array([[0, 10, 60]], np.uint8)
    np.testing.assert_allclose(read(save_png(tmp_path / '0_L-CC.png', pixels)), pixels / 255, atol=1e-6)


def test_black_image_stays_black(tmp_path):
    assert read(save_png(tmp_path / '0_L-CC.png', np.zeros((4, 3), np.uint16))).max() == 0


def test_window_policy_is_refused(tmp_path):
    path = save_png(tmp_path / '0_L-CC.png', np.zeros((4, 3), np.uint8))
    with pytest.raises(UnreadableImageError, match="PNG holds nothing for the VOI policy 'window'"):
        PngImage(path).iter_slices(voi='window')


def test_second_slice_does_not_exist(tmp_path):
    path = save_png(tmp_path / '0_L-CC.png', np.zeros((4, 3), np.uint8))
    with pytest.raises(ValueError, match=r'0_L-CC\.png: slice 1 is outside 0 to 0'):
        PngImage(path).iter_slices([1])


def test_colour_image_is_refused(tmp_path):
    with pytest.raises(UnreadableImageError, match='of mode RGB: convert it to one channel'):
        PngImage(save_png(tmp_path / '0_L-CC.png', np.zeros((4, 3, 3), np.uint8)))


@pytest.mark.parametrize(('size', 'reason'), [(0, 'not a PNG'), (7, 'not a PNG'), (8, 'truncated'), (20, 'truncated')])
def test_file_that_is_cut_after_its_signature_is_truncated(tmp_path, size, reason):
    path = save_png(tmp_path / '0_L-CC.png', np.zeros((20, 20), np.uint8))
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(UnreadableImageError, match=reason):
        PngImage(path)


@pytest.mark.parametrize('share', [0.0, 0.3, 0.6, 0.95])
def test_truncated_file_is_refused(tmp_path, share):
    pixels = np.random.default_rng(0).integers(0, 4096, (60, 50)).astype(np.uint16)
    path = save_png(tmp_path / '0_L-CC.png', pixels)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(UnreadableImageError, match=r'0_L-CC\.png: (truncated|not a PNG)'):
        read(path)
