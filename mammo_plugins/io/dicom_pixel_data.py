"""Whether a file holds the pixels its header announces, told without decoding or allocating any of them."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO

from pydicom.uid import UID, JPEGLossless, JPEGLosslessSV1

from .codestream import HEAD_BYTES, find_syntax_conflict, identify_codestream
from .jpeg_lossless_header import JPEG_START, find_jpeg_lossless_problem

_PIXEL_DATA = (0x7FE0, 0x0010)
_FLOAT_PIXEL_DATA = ((0x7FE0, 0x0008), (0x7FE0, 0x0009))
_ITEM, _SEQUENCE_DELIMITER = (0xFFFE, 0xE000), (0xFFFE, 0xE0DD)
_UNDEFINED_LENGTH = 0xFFFFFFFF


@dataclass(frozen=True)
class AnnouncedPixels:
    """What the header says about the pixel data."""

    syntax: UID
    rows: int
    columns: int
    num_frames: int
    bytes_a_pixel: int

    @property
    def num_bytes(self) -> int:
        """Size of all frames, uncompressed."""
        return self.rows * self.columns * self.num_frames * self.bytes_a_pixel


def find_pixel_problem(file: BinaryIO, announced: AnnouncedPixels) -> str | None:
    """Looks at the pixel data element at the file's position.

    Args:
        file: open file, positioned where reading the header stopped: at the element, or at the end.
        announced: by the header.

    Returns:
        Why the pixels cannot be read, or None.

    Source: DICOM PS3.5 7.1 (elements), A.4 (encapsulated pixel data).
    """
    start = file.tell()
    size = file.seek(0, 2)
    file.seek(start)
    syntax = announced.syntax
    order = '<' if syntax.is_little_endian else '>'
    header = file.read(8 if syntax.is_implicit_VR else 12)
    if not header:
        return 'no pixel data (a header only)'
    if len(header) < (8 if syntax.is_implicit_VR else 12):
        return 'truncated: the file ends inside the pixel data element'
    tag = struct.unpack(f'{order}HH', header[:4])
    if tag in _FLOAT_PIXEL_DATA:
        return 'floating-point pixel data, which no breast image has'
    if tag != _PIXEL_DATA:
        return 'no pixel data (a header only)'
    (length,) = struct.unpack(f'{order}L', header[-4:])
    if syntax.is_encapsulated:
        if length != _UNDEFINED_LENGTH:
            return 'compressed transfer syntax, but pixel data that is not encapsulated'
        return _find_fragment_problem(file, size, announced)
    return _find_length_problem(length, size - file.tell(), announced.num_bytes)


def read_codestream_bits(file: BinaryIO, syntax: UID) -> int | None:
    """Bits of a sample in the first compressed frame, by its own header; None where there is none, or it does not say.

    The file's position, as for :func:`find_pixel_problem`, stays as it is.
    """
    if not syntax.is_encapsulated:
        return None
    start = file.tell()
    try:
        file.seek(12, 1)
        for _ in range(2):  # the offset table, then the first fragment
            header = file.read(8)
            if len(header) < 8:
                return None
            length = struct.unpack('<L', header[4:])[0]
            content = file.tell()
            head = file.read(min(length, HEAD_BYTES))
            file.seek(content + length)
        found = identify_codestream(head)
        return None if found is None else found.bits
    finally:
        file.seek(start)


def _find_length_problem(length: int, available: int, needed: int) -> str | None:
    if length == _UNDEFINED_LENGTH:
        return 'uncompressed transfer syntax, but encapsulated pixel data'
    held = min(length, available)
    if held < needed:
        return f'truncated: rows, columns and frames need {needed} bytes of pixel data, the file holds {held}'
    return None


def _find_fragment_problem(file: BinaryIO, size: int, announced: AnnouncedPixels) -> str | None:
    num_frames, is_jpeg_lossless = announced.num_frames, announced.syntax in (JPEGLossless, JPEGLosslessSV1)
    fragments, images = -1, 0  # the first item is the offset table
    while True:
        header = file.read(8)
        if len(header) < 8:
            return (
                f'truncated: the pixel data ends after {max(fragments, 0)} compressed fragments of {num_frames} frames'
            )
        group, element, length = struct.unpack('<HHL', header)
        if (group, element) == _SEQUENCE_DELIMITER:
            break
        if (group, element) != _ITEM:
            return 'broken pixel data: an item tag is missing between the compressed fragments'
        start = file.tell()
        if start + length > size:
            return f'truncated: the file ends inside compressed fragment {fragments + 1} of {num_frames} frames'
        fragments += 1
        if fragments == 1:
            if conflict := find_syntax_conflict(file.read(min(length, HEAD_BYTES)), announced.syntax):
                return conflict
            file.seek(start)
        # A frame may go on in further fragments, but an image starts in one of its own.
        if is_jpeg_lossless and fragments > 0 and file.read(len(JPEG_START)) == JPEG_START:
            images += 1
            if problem := find_jpeg_lossless_problem(file, start + length, announced.rows, announced.columns):
                return f'broken pixel data: frame {images} of {num_frames}: {problem}'
        file.seek(start + length)
    found = images if is_jpeg_lossless else fragments
    if found < num_frames:
        return f'the header announces {num_frames} frames, the pixel data holds {max(found, 0)}'
    return None
