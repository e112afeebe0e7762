"""Look-up tables of DICOM headers, as encoders really write them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.multival import MultiValue

from .dicom_tags import DicomTags
from .voi import LookUpTable

_WORD = 2**16
_DARK_SHARE = 0.3  # of the announced range: a table whose entries stay below leaves two thirds of it to nothing


def read_look_up_table(
    tags: DicomTags, keyword: str, lowest: float, highest: float
) -> tuple[LookUpTable | None, str | None]:
    """The first table of a sequence and what is odd about it, or (None, None).

    Entries are unsigned whatever the pixels are. Those of 8 bits or fewer lie two in a word or one, which their number
    tells. The first mapped value is signed as the values are that enter the table, which the value representation need
    not be: of its readings the one counts whose table covers most of them.

    Args:
        tags: that hold the sequence.
        keyword: of the sequence.
        lowest, highest: values that can enter the table.

    Raises:
        UnreadableImageError: the table is broken.

    Source: DICOM PS3.3 C.11.1.1.1 and C.11.2.1.1 (LUT Descriptor: number of entries, where 0 means 65536; first mapped
    value; bits an entry. LUT Data of 8 bits).
    """
    item = tags.first_item(keyword)
    if item is None:
        return None, None
    descriptor = item.numbers('LUTDescriptor')
    if len(descriptor) != 3:
        tags.fail(f'{keyword}: LUTDescriptor (0028,3002) holds {len(descriptor)} values instead of 3')
    count, first, bits = (int(value) for value in descriptor)
    count = count % _WORD or _WORD
    words = _words(item, is_little_endian=tags.is_little_endian)
    if bits <= 8 and len(words) < count <= 2 * len(words):
        entries: npt.NDArray = words.astype('<u2').view(np.uint8)[:count]
    else:
        entries = words[:count]
    if not 1 <= bits <= 16 or len(entries) < count:
        tags.fail(
            f'{keyword}: LUTDescriptor (0028,3002) announces {count} entries of {bits} bits, found {len(entries)}'
        )
    used_bits, doubt = _judge_bits(keyword, int(entries.max()), bits)
    first = _first_mapped(first, count, lowest, highest)
    return LookUpTable(first, entries.astype(np.float32), float(2**used_bits - 1)), doubt


def _judge_bits(keyword: str, largest: int, bits: int) -> tuple[int, str | None]:
    needed = largest.bit_length()
    if needed > bits:
        return needed, f'{keyword} announces entries of {bits} bits, they have {needed}: taken as {needed}'
    if 0 < largest < _DARK_SHARE * (2**bits - 1):
        share = largest / (2**bits - 1)
        return bits, f'{keyword} announces entries of {bits} bits, the largest is {largest}: dark, at most {share:.0%}'
    return bits, None


def _first_mapped(first: int, count: int, lowest: float, highest: float) -> int:
    def covered(start: int) -> float:
        return min(start + count - 1, highest) - max(start, lowest)

    return max((first, first - _WORD, first + _WORD), key=covered)  # the first of equals: as it is written


def _words(item: DicomTags, is_little_endian: bool) -> npt.NDArray[np.uint16]:
    data: Any = item.dataset.get('LUTData')
    if isinstance(data, (bytes, bytearray)):
        if item.dataset['LUTData'].VR == 'OB':
            is_little_endian = True  # bytes are in no order
        data = data + b'\0' * (len(data) % 2)
        return np.frombuffer(data, dtype='<u2' if is_little_endian else '>u2').astype(np.uint16)
    if isinstance(data, (MultiValue, list, tuple)):
        return (np.asarray(data, dtype=np.int64) % _WORD).astype(np.uint16)
    if isinstance(data, int):
        return np.array([data % _WORD], dtype=np.uint16)
    return np.zeros(0, dtype=np.uint16)
