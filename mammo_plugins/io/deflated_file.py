"""Deflated DICOM files, unpacked into memory up to a limit.

pydicom unpacks such a file whole before anything can be asked of it, and a file of one megabyte may hold a thousand.
"""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from pydicom.filereader import read_file_meta_info
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian

from .unreadable_image import UnreadableImageError

MAX_INFLATED_BYTES = 2**28
"""268 MB; the largest mammograms have some 80, and no vendor deflates volumes."""

_BLOCK_BYTES = 1 << 20
_META_START = 132  # behind the preamble and DICM
_LONG_VRS = (b'OB', b'OW', b'OF', b'OD', b'OL', b'OV', b'SQ', b'UC', b'UN', b'UR', b'UT', b'SV', b'UV')


def inflate_dicom(path: Path) -> BytesIO | None:
    """The content of a deflated file as a file of Explicit VR Little Endian, or None where it is not deflated.

    Raises:
        UnreadableImageError: it is truncated or broken, or holds more than ``MAX_INFLATED_BYTES``.
        InvalidDicomError: it is no DICOM file.
        OSError: it cannot be opened.

    Source: DICOM PS3.5 A.5 (deflated transfer syntax), PS3.10 7.1 (file meta information).
    """
    if read_file_meta_info(path).get('TransferSyntaxUID') != DeflatedExplicitVRLittleEndian:
        return None
    with path.open('rb') as file:
        file.seek(_find_end_of_meta(file))
        return BytesIO(b''.join((_plain_meta(), *_inflate(path, file))))


def _inflate(path: Path, file: BinaryIO) -> list[bytes]:
    """The unpacked rest of a file in pieces."""
    unpacker, blocks, held = zlib.decompressobj(-zlib.MAX_WBITS), [], 0
    try:
        while not unpacker.eof and (block := unpacker.unconsumed_tail or file.read(_BLOCK_BYTES)):
            blocks.append(unpacker.decompress(block, _BLOCK_BYTES))
            held += len(blocks[-1])
            if held > MAX_INFLATED_BYTES:
                raise UnreadableImageError(
                    path,
                    f'holds more than {MAX_INFLATED_BYTES} bytes when unpacked: store it without deflation, for '
                    'example with dcmconv +te',
                )
        blocks.append(unpacker.flush())  # what did not fit into the last block although all input was taken
    except zlib.error as error:
        raise UnreadableImageError(path, 'the deflated content is broken') from error
    if not unpacker.eof:
        raise UnreadableImageError(path, 'truncated: the deflated content does not end')
    return blocks


def _find_end_of_meta(file: BinaryIO) -> int:
    """Position behind the last element of group 2, which is never deflated."""
    position = _META_START
    while True:
        file.seek(position)
        head = file.read(12)
        if len(head) < 8 or head[:2] != b'\x02\x00':
            return position
        if head[4:6] in _LONG_VRS:
            position += 12 + struct.unpack('<L', head[8:12].ljust(4, b'\0'))[0]
        else:
            position += 8 + struct.unpack('<H', head[6:8])[0]


def _plain_meta() -> bytes:
    """Preamble and the one element of group 2 that says how the rest is to be read."""
    uid = ExplicitVRLittleEndian.encode() + b'\0' * (len(ExplicitVRLittleEndian) % 2)
    return bytes(128) + b'DICM' + struct.pack('<HH2sH', 2, 0x0010, b'UI', len(uid)) + uid
