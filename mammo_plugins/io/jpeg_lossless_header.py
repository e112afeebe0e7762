"""Checks the marker segments of a JPEG Lossless frame before a decoder sees them.

GDCM, the only decoder of this format under a permissive licence, trusts them: an impossible precision or a damaged
marker ends the whole process instead of raising an exception.
"""

from __future__ import annotations

import struct
from typing import BinaryIO

JPEG_START = b'\xff\xd8'

_SOF3, _SOS = 0xC3, 0xDA
_TABLES_AND_COMMENTS = frozenset({0xC4, 0xDB, 0xDD, 0xFE, *range(0xE0, 0xF0)})  # DHT, DQT, DRI, COM, APPn


def find_jpeg_lossless_problem(file: BinaryIO, end: int, rows: int, columns: int) -> str | None:
    """Walks from the start of an image to its entropy-coded data.

    Args:
        file: positioned behind the start marker.
        end: position behind the frame's last byte.
        rows, columns: as the DICOM header announces.

    Returns:
        What is broken, or None. The file's position is undefined afterwards.

    Source: ITU-T T.81, B.1 and B.2 (marker segments), H.1 (lossless mode).
    """
    has_frame_header = False
    while True:
        head = file.read(4)
        if len(head) < 4 or head[0] != 0xFF:
            return 'a JPEG marker is broken'
        marker, (size,) = head[1], struct.unpack('>H', head[2:])
        next_segment = file.tell() + size - 2
        if size < 2 or next_segment > end:
            return 'a JPEG segment reaches over the end of the frame'
        if marker == _SOS:
            return None if has_frame_header else 'the JPEG frame header is missing'
        if marker == _SOF3:
            if problem := _find_frame_header_problem(file.read(size - 2), rows, columns):
                return problem
            has_frame_header = True
        elif marker not in _TABLES_AND_COMMENTS:
            return f'JPEG marker {marker:#04x} has no place in a lossless image'
        file.seek(next_segment)


def _find_frame_header_problem(content: bytes, rows: int, columns: int) -> str | None:
    if len(content) < 6:
        return 'the JPEG frame header is too short'
    precision, height, width, components = struct.unpack('>BHHB', content[:6])
    if not 2 <= precision <= 16 or components != 1:
        return f'the JPEG frame header states {precision} bits and {components} components'
    if (height, width) != (rows, columns):
        return f'the JPEG image has {height} rows and {width} columns, the DICOM header says {rows} and {columns}'
    return None
