"""What compressed frames really are, whatever transfer syntax the header names."""

from __future__ import annotations

import numpy as np
import pytest
from openjpeg.utils import encode_array
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import JPEG2000Lossless, JPEGLosslessSV1, JPEGLSLossless

from mammo_plugins.io.codestream import Codestream, identify_codestream
from mammo_plugins.io.image_source import read_header, read_mammogram
from tests.io.dicom_builder import compressed, gradient, mammogram, save

PIXELS = gradient((64, 64))


def wrapped(frame: bytes, syntax: str):
    dataset = mammogram(PIXELS)
    dataset.PixelData = encapsulate([frame])
    dataset['PixelData'].VR, dataset['PixelData'].is_undefined_length = 'OB', True
    dataset.file_meta.TransferSyntaxUID = syntax
    return dataset


def frame_of(syntax: str) -> bytes:
    return next(generate_frames(compressed(mammogram(PIXELS), syntax).PixelData, number_of_frames=1))


def jpeg_2000(codec: int) -> bytes:
    return encode_array(PIXELS, bits_stored=12, photometric_interpretation=2, codec_format=codec)


def test_kind_and_depth_are_read_from_the_first_bytes():
    assert identify_codestream(jpeg_2000(0)) == Codestream('JPEG 2000', 12)
    assert identify_codestream(jpeg_2000(1)) == Codestream('JP2', 12)
    assert identify_codestream(frame_of(JPEGLosslessSV1)).kind == 'JPEG Lossless'
    assert identify_codestream(frame_of(JPEGLSLossless)) == Codestream('JPEG-LS', 12)
    assert identify_codestream(b'MZ\x90\0') is None
    assert identify_codestream(b'\xff\xd8\xff') is None


@pytest.mark.parametrize(
    ('frame', 'syntax', 'named'),
    [
        (jpeg_2000(1), JPEGLosslessSV1, 'is JP2'),
        (jpeg_2000(0), JPEGLSLossless, 'is JPEG 2000'),
        (frame_of(JPEGLSLossless), JPEG2000Lossless, 'is JPEG-LS'),
        (frame_of(JPEGLosslessSV1), JPEG2000Lossless, 'is JPEG Lossless'),
    ],
)
def test_wrong_transfer_syntax_is_named_as_the_reason(tmp_path, frame, syntax, named):
    problem = read_header(save(wrapped(frame, syntax), tmp_path / 'a.dcm')).pixel_problem
    assert named in problem
    assert 'wrong transfer syntax' in problem


def test_jp2_inside_the_jpeg_2000_syntax_is_read(tmp_path):
    image = read_mammogram(save(wrapped(jpeg_2000(1), JPEG2000Lossless), tmp_path / 'a.dcm'))
    np.testing.assert_allclose(image.pixels, PIXELS / 4095, atol=1e-6)
