"""Real mammograms and headers, where a copy is at hand; they are no part of the project."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from mammo_plugins.io import canonical_flips, open_image, read_header, read_mammogram
from mammo_plugins.io.orientation import decide_way_up
from mammo_plugins.io.unreadable_image import UnreadableImageError

DATA = Path(os.environ.get('MAMMO_TEST_DATA', Path(__file__).parents[2].parent / 'shared' / 'data'))
pytestmark = pytest.mark.skipif(
    not (DATA / 'dicom_headers').is_dir(), reason='no real files: set MAMMO_TEST_DATA to a folder of them'
)


@pytest.mark.parametrize('view', ['L-CC', 'L-MLO', 'R-CC', 'R-MLO'])
def test_real_mammograms_use_their_range_and_lie_as_mammograms_do(view):
    image = read_mammogram(DATA / 'mammograms_png' / f'0_{view}.png')
    assert str(image.header.view) == view
    assert image.pixels.max() == 1  # 12 bits in 16
    assert 0.1 < image.pixels.mean() < 0.5
    flips = canonical_flips(image.pixels)
    assert (flips.horizontal, flips.vertical) == (view[0] == 'R', False)


def test_ge_image_for_presentation_uses_its_first_table():
    image = read_mammogram(DATA / 'dicom_headers' / 'MG-Im-GE_Seno_1_ForPresentation.dcm')
    header = image.header
    assert (header.modality, str(header.view), header.bits_stored) == ('FFDM', 'L-CC', 12)
    assert (header.has_implant, header.for_processing, header.patient_orientation) == (False, False, ('R', 'P'))
    np.testing.assert_allclose(image.pixels, [[0.63834, 0.65275]], atol=1e-5)
    by_window = 1 / (1 + np.exp(-4 * (np.array([[2316, 2322]]) - 2262) / 380))
    assert np.abs(image.pixels - by_window).max() < 0.01  # the vendor's table is this sigmoid
    assert header.unfit == 'an image of 2 x 1 pixels (columns x rows) shows no breast: at least 16 are needed'
    decided = decide_way_up(image.pixels, patient_orientation=header.patient_orientation, view=header.view)
    assert '90 degrees' in (decided.problem or decided.doubt)


@pytest.mark.parametrize('name', ['MG-Im-GE_Seno_1_ForProcessing.dcm', 'MG-Im-GE-SenDS-scaled.dcm'])
def test_ge_raw_images_are_inverted_and_stretched(name):
    image = read_mammogram(DATA / 'dicom_headers' / name)
    assert image.header.for_processing and image.header.photometric_interpretation == 'MONOCHROME1'
    assert image.pixels.min() == 0 and image.pixels.max() == 1


def test_spacing_of_a_scaled_image_is_its_pixel_spacing():
    header = read_header(DATA / 'dicom_headers' / 'MG-Im-GE-SenDS-scaled.dcm')
    assert header.spacing_mm == (53.961136, 45.0225) and header.spacing_source == 'PixelSpacing'


def test_hologic_secondary_capture_is_refused_for_its_private_pixels():
    with pytest.raises(UnreadableImageError, match='Hologic Secondary Capture object .* private groups 7E01/7F01'):
        open_image(DATA / 'dicom_headers' / 'MG-Im-Hologic-PropProj.dcm')
