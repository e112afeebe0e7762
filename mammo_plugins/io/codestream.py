"""What a compressed frame really is, told by its first bytes: transfer syntaxes of headers are wrong at times.

Source: ITU-T T.81 B.1.1.3 (frame markers), T.87 C.1.1 (JPEG-LS), T.800 A.4.1, A.5.1 and I.5 (JPEG 2000, JP2).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from pydicom.uid import (
    JPEG2000,
    UID,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
)

HEAD_BYTES = 4096
"""Enough to hold the frame header behind comments and application data of usual size."""

_JP2_SIGNATURE = b'\0\0\0\x0cjP  \r\n\x87\n'
_J2K_START = b'\xff\x4f\xff\x51'
_FRAME_KINDS = {0xC0: 'JPEG Baseline', 0xC1: 'JPEG Extended', 0xC2: 'progressive JPEG', 0xC3: 'JPEG Lossless',
                0xF7: 'JPEG-LS'}  # fmt: skip
_FITTING = {
    JPEGBaseline8Bit: ('JPEG Baseline',),
    JPEGExtended12Bit: ('JPEG Baseline', 'JPEG Extended'),
    JPEGLossless: ('JPEG Lossless',),
    JPEGLosslessSV1: ('JPEG Lossless',),
    JPEGLSLossless: ('JPEG-LS',),
    JPEGLSNearLossless: ('JPEG-LS',),
    JPEG2000Lossless: ('JPEG 2000', 'JP2'),
    JPEG2000: ('JPEG 2000', 'JP2'),
}


@dataclass(frozen=True)
class Codestream:
    """A compressed image.

    Attributes:
        kind: such as ``JPEG 2000``, or ``JP2`` where that lies in a file of its own.
        bits: precision of a sample, or None where the header lies further in than was looked.
    """

    kind: str
    bits: int | None = None


def identify_codestream(head: bytes) -> Codestream | None:
    """What starts with these bytes, :data:`HEAD_BYTES` at most; None where it is none of the kinds."""
    if head.startswith(_JP2_SIGNATURE):
        start = head.find(_J2K_START)
        return Codestream('JP2', _jpeg_2000_bits(head[start:]) if start > 0 else None)
    if head.startswith(_J2K_START):
        return Codestream('JPEG 2000', _jpeg_2000_bits(head))
    return _identify_jpeg(head) if head.startswith(b'\xff\xd8\xff') else None


def find_syntax_conflict(head: bytes, syntax: UID) -> str | None:
    """Why the frame that starts with these bytes is not of the transfer syntax; None where it is, or nobody knows."""
    fitting, found = _FITTING.get(syntax), identify_codestream(head)
    if fitting is None or found is None or found.kind in fitting:
        return None
    return (
        f'the header says {syntax.name}, but the compressed frame is {found.kind}: a wrong transfer syntax; '
        'correct (0002,0010) or export the image again'
    )


def _jpeg_2000_bits(head: bytes) -> int | None:
    """Precision of the first component, from the image size segment, which the standard puts first."""
    return (head[42] & 0x7F) + 1 if len(head) > 42 else None


def _identify_jpeg(head: bytes) -> Codestream | None:
    place = 2
    while place + 9 <= len(head) and head[place] == 0xFF:
        marker, (size,) = head[place + 1], struct.unpack('>H', head[place + 2 : place + 4])
        if marker in _FRAME_KINDS:
            return Codestream(_FRAME_KINDS[marker], head[place + 4])
        place += 2 + size
    return None
