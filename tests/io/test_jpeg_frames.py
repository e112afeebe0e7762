"""JPEG of 8 bits goes to Pillow alone: GDCM ends the process on some damaged frames."""

from __future__ import annotations

import contextlib
from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from pydicom.encaps import encapsulate
from pydicom.uid import JPEGBaseline8Bit, JPEGExtended12Bit

from mammo_plugins.io import UnreadableImageError
from mammo_plugins.io.dicom import DicomFile
from tests.io.dicom_builder import gradient, mammogram, save

SYNTAXES = pytest.mark.parametrize('syntax', [JPEGBaseline8Bit, JPEGExtended12Bit], ids=lambda uid: uid.name)
PIXELS = gradient((40, 36), bits=8)


def jpeg(path, syntax, bits_stored=8, **elements):
    """A mammogram with one JPEG frame of 8 bits, whatever its header says."""
    stream = BytesIO()
    Image.fromarray(PIXELS).save(stream, format='JPEG', quality=100)
    dataset = mammogram(PIXELS, BitsStored=bits_stored, **elements)
    dataset.PixelData = encapsulate([stream.getvalue()])
    dataset['PixelData'].VR = 'OB'
    dataset['PixelData'].is_undefined_length = True
    dataset.file_meta.TransferSyntaxUID = syntax
    return save(dataset, path)


@SYNTAXES
def test_frame_of_8_bits_is_read(tmp_path, syntax):
    (pixels,) = DicomFile(jpeg(tmp_path / 'a.dcm', syntax)).iter_slices(voi='none')
    np.testing.assert_allclose(pixels, PIXELS / 255, atol=3 / 255)


@SYNTAXES
def test_header_that_contradicts_the_frame_does_not_end_the_process(tmp_path, syntax):
    # GDCM aborts here: it insists on as many bits stored as allocated.
    source = DicomFile(jpeg(tmp_path / 'a.dcm', syntax, bits_stored=7, HighBit=6))
    with contextlib.suppress(UnreadableImageError):
        assert next(source.iter_slices(voi='none')).shape == PIXELS.shape


def test_extended_frames_of_more_than_8_bits_are_refused_by_name(tmp_path):
    source = DicomFile(jpeg(tmp_path / 'a.dcm', JPEGExtended12Bit, bits_stored=12, BitsAllocated=16))
    assert source.header.pixel_problem.startswith('JPEG Extended of more than 8 bits, for which there is no decoder')
