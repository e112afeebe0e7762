"""One tiny image in each transfer syntax in which mammograms are stored.

The images are 8 x 8 and follow formulas, so that a decoder's result is known; GDCM, libjpeg-turbo and pydicom encoded
them. Keeping the bytes here means that decoders are checked, whichever encoders are installed.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass

import numpy as np

_ROWS, _COLUMNS = np.mgrid[:8, :8]
DETAILED_12_BIT = ((37 * _ROWS + 101 * _COLUMNS * (_ROWS + 1)) % 4096).astype(np.uint16)
SMOOTH_12_BIT = (1500 + 60 * _ROWS + 40 * _COLUMNS).astype(np.uint16)
SMOOTH_8_BIT = (100 + 8 * _ROWS + 6 * _COLUMNS).astype(np.uint8)

_JPEG_BASELINE = (
    '/9j/2wBDAAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQH/wAAL'
    'CAAIAAgBAREA/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEG'
    'E1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4'
    'eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6'
    '/9oACAEBAAA/APqj4Jfs2/8AHn/oH/PP/ll9Pav/2QA='
)
_JPEG_EXTENDED = (
    '/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB'
    'AQEBAQEBAQEBAQEBAQH/wQALDAAIAAgBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAAC//EABwQAAAGAwAAAAAAAAAAAAAAAAAKCyc3'
    'RlVkc//aAAgBAQAAPwAc8pMndRmxuIrvHWH/2Q=='
)
_JPEG_LOSSLESS = (
    '/9j/wwALEAAIAAgBAREA/8QAGgAAAgMBAQAAAAAAAAAAAAAACQoGBwgMEP/aAAgBAQABAAD1y3Lcty3LctyyXZWytlbK2VsrZUlJ'
    'eS8l5LyXkvJfJTKGUMoZQyhlDKSU/J+T8n5Pyfk/MlZeZeZeZeZeZe4l2Sththththth8WE2HJXKHKHKHKOMncoco//Z'
)
_JPEG_LS = (
    '/9j/9wALEAAIAAgBAREA//gADQH//wASAEMBFABA/9oACAEBAAAAAKZMyZjzJmPYthxKopZSyVlLJchZSJVEvaSwlhKyVMuRKopd'
    '7U3KOTck5REiiV2lRds/V+j+EjYh6ynuzIXJWAdHkTDvSU12BCgDfW6NCwzzlLdcbwrJm6D/2Q=='
)
_JPEG_2000 = (
    '/0//UQApAAAAAAAIAAAACAAAAAAAAAAAAAAACAAAAAgAAAAAAAAAAAABDwEB/1IADAAAAAEAAgQEAAH/XAAKQICIiJCIiJD/ZAAq'
    'AAFDcmVhdGVkIGJ5IEdEQ00vT3BlbkpQRUcgdmVyc2lvbiAyLjMuMP+QAAoAAAAAAGcAAf+T3/iQUAeBV1j9d6JlyunAH5g0AfmC'
    'wH+AcA+f0CdFPw/akhftEHDaZvTspcA/YNgH7BkD/wAEgB8XfL2kkV8+BkUfoT8fYkDeb7yrAfD3g6kfd+kfAEaL/3//2Q=='
)
_RLE = (
    'AgAAAEAAAACFAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAP4A/gH/Av8ABQEC'
    'AwQEBQcAAQIDBQYHCAcAAgMFBggJCwcAAgQGCAoMDgcAAwUHCgwOAQcAAwYJCw4BBAcBBAcKDQADBwcAZcovlPlewwcl77mDTRfh'
    'qwdKeajXBjVkkwdvA5crv1PneweUjYZ/eHFqYwe5F3XTMY/tSwfeoWQn6q1wMwcDK1N7o8vzGwA='
)


@dataclass(frozen=True)
class EncodedImage:
    """An image as it lies in a DICOM file.

    Attributes:
        name: what the transfer syntax is called.
        uid: its UID (DICOM PS3.6, table A-1).
        pixels: (8, 8) the image.
        tolerance: grey values by which a correct decoder may differ; 0 for lossless syntaxes.
        stream: the encapsulated frame, None for uncompressed pixel data.
        optional_decoder: package that decodes it and is no dependency, because of its licence.
    """

    name: str
    uid: str
    pixels: np.ndarray
    tolerance: int
    stream: bytes | None
    optional_decoder: str | None = None


def encoded_images() -> list[EncodedImage]:
    """One image for each transfer syntax."""
    detailed = (DETAILED_12_BIT, 0)
    return [
        EncodedImage('Implicit VR Little Endian', '1.2.840.10008.1.2', *detailed, None),
        EncodedImage('Explicit VR Little Endian', '1.2.840.10008.1.2.1', *detailed, None),
        EncodedImage('RLE Lossless', '1.2.840.10008.1.2.5', *detailed, _bytes(_RLE)),
        EncodedImage('JPEG Baseline', '1.2.840.10008.1.2.4.50', SMOOTH_8_BIT, 2, _bytes(_JPEG_BASELINE)),
        EncodedImage(
            'JPEG Extended 12 bit',
            '1.2.840.10008.1.2.4.51',
            SMOOTH_12_BIT,
            4,
            _bytes(_JPEG_EXTENDED),
            optional_decoder='pylibjpeg-libjpeg',
        ),
        EncodedImage('JPEG Lossless', '1.2.840.10008.1.2.4.57', *detailed, _bytes(_JPEG_LOSSLESS)),
        EncodedImage('JPEG Lossless SV1', '1.2.840.10008.1.2.4.70', *detailed, _bytes(_JPEG_LOSSLESS)),
        EncodedImage('JPEG-LS Lossless', '1.2.840.10008.1.2.4.80', *detailed, _bytes(_JPEG_LS)),
        EncodedImage('JPEG-LS Near-lossless', '1.2.840.10008.1.2.4.81', *detailed, _bytes(_JPEG_LS)),
        EncodedImage('JPEG 2000 Lossless', '1.2.840.10008.1.2.4.90', *detailed, _bytes(_JPEG_2000)),
        EncodedImage('JPEG 2000', '1.2.840.10008.1.2.4.91', *detailed, _bytes(_JPEG_2000)),
    ]


def _bytes(text: str) -> bytes:
    return base64.b64decode(text)
