"""Pixel Data in each transfer syntax."""

import numpy as np
import pytest
from pydicom.uid import ExplicitVRLittleEndian, JPEG2000Lossless, JPEGLosslessSV1, RLELossless

from mammo_plugins.datasets.phantom.dicom_identity import ImageIdentity, set_pixel_format, start_dataset
from mammo_plugins.datasets.phantom.frame_encoding import encode_frames
from mammo_plugins.datasets.phantom.vendor_style import vendor_style

IDENTITY = ImageIdentity('DBT-P00001', 'DBT-S00001', 'L', 'CC', False, 1, 0)


@pytest.mark.parametrize('bits', [10, 12, 14])
@pytest.mark.parametrize(
    'syntax', [ExplicitVRLittleEndian, JPEG2000Lossless, JPEGLosslessSV1], ids=lambda uid: uid.name
)
def test_frames_decode_to_what_was_encoded(syntax, bits):
    frames = np.random.default_rng(0).integers(0, 2**bits, (3, 40, 36)).astype(np.uint16)
    dataset = start_dataset(IDENTITY, '1.2.840.10008.5.1.4.1.1.13.1.3', syntax, vendor_style('A'))
    set_pixel_format(dataset, 40, 36, bits, 'MONOCHROME2')
    dataset.NumberOfFrames = 3
    dataset.PixelData = encode_frames(iter(frames), bits, syntax)
    if syntax.is_encapsulated:
        dataset['PixelData'].is_undefined_length = True
    np.testing.assert_array_equal(dataset.pixel_array, frames)


def test_frames_in_reversed_memory_order_are_encoded_as_they_look():
    frame = np.arange(12, dtype=np.uint16).reshape(3, 4)[::-1, ::-1]
    raw = encode_frames([frame], 12, ExplicitVRLittleEndian)
    np.testing.assert_array_equal(np.frombuffer(raw, '<u2').reshape(3, 4), frame)


def test_unsupported_syntax_is_refused_by_name():
    with pytest.raises(ValueError, match=str(RLELossless)):
        encode_frames([np.zeros((2, 2), np.uint16)], 12, RLELossless)
