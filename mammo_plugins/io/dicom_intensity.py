"""The intensity rules that a DICOM header states for one of its frames."""

from __future__ import annotations

from typing import Any

import numpy as np
from pydicom import Dataset
from pydicom.multival import MultiValue

from .dicom_tags import DicomTags, tag_name
from .voi import IntensityRules, LookUpTable, Window

INTENSITY_KEYWORDS = (
    'PhotometricInterpretation', 'BitsAllocated', 'BitsStored', 'PixelRepresentation', 'RescaleSlope',
    'RescaleIntercept', 'ModalityLUTSequence', 'VOILUTSequence', 'WindowCenter', 'WindowWidth', 'VOILUTFunction',
    'PixelPaddingValue', 'PixelPaddingRangeLimit', 'SharedFunctionalGroupsSequence',
    'PerFrameFunctionalGroupsSequence',
)  # fmt: skip

_LARGEST = 1e12
"""Beyond any detector; with more, products of values leave the range of 32-bit floats and become infinite or NaN."""

_WINDOW_FUNCTIONS = ('LINEAR', 'LINEAR_EXACT', 'SIGMOID')


def read_intensity_rules(tags: DicomTags, frame_index: int, for_processing: bool) -> IntensityRules:
    """Rules of one frame: its own functional groups, then the shared ones, then the top level of the data set.

    Of several windows or tables the first is taken, which is the vendor's default. A window whose width is not positive
    counts as absent. Presentation LUT Shape is not read: INVERSE and MONOCHROME1 state the same inversion, and applying
    both would cancel it.

    Raises:
        UnreadableImageError: a tag that is needed is missing or broken.
    """
    bits_stored = tags.integer('BitsStored')
    is_signed = tags.integer('PixelRepresentation', 0) == 1
    rescale = _group_holding(tags, frame_index, 'PixelValueTransformationSequence', 'RescaleSlope')
    slope = _plausible(rescale, 'RescaleSlope', 1.0)
    if slope == 0:
        tags.fail('RescaleSlope (0028,1053) is 0: all values would be equal')
    voi = _group_holding(tags, frame_index, 'FrameVOILUTSequence', 'WindowCenter', 'VOILUTSequence')
    return IntensityRules(
        bits_stored=bits_stored,
        is_signed=is_signed,
        slope=slope,
        intercept=_plausible(rescale, 'RescaleIntercept', 0.0),
        modality_table=_read_table(tags, 'ModalityLUTSequence', is_signed),
        is_inverted=tags.text('PhotometricInterpretation').upper() == 'MONOCHROME1',
        padding=_read_padding(tags, bits_stored, is_signed),
        window=_read_window(voi),
        voi_table=_read_table(voi, 'VOILUTSequence', is_signed),
        for_processing=for_processing,
    )


def has_rules_per_frame(tags: DicomTags) -> bool:
    """Whether frames may differ in their rules."""
    frame = tags.first_item('PerFrameFunctionalGroupsSequence')
    return frame is not None and any(
        frame.items(name) for name in ('PixelValueTransformationSequence', 'FrameVOILUTSequence')
    )


def _group_holding(tags: DicomTags, frame_index: int, group: str, *keywords: str) -> DicomTags:
    """The most specific functional group of the frame that holds one of the elements, or the data set itself."""
    frames = tags.items('PerFrameFunctionalGroupsSequence')
    holders = [frames[frame_index]] if frame_index < len(frames) else []
    holders += tags.items('SharedFunctionalGroupsSequence')[:1]
    for holder in holders:
        for item in holder.items(group)[:1]:
            if any(keyword in item.dataset for keyword in keywords):
                return item
    return tags


def _read_window(tags: DicomTags) -> Window | None:
    center, width = _plausible(tags, 'WindowCenter'), _plausible(tags, 'WindowWidth')
    if center is None or width is None or width <= 0:
        return None
    function = tags.text('VOILUTFunction', 'LINEAR').upper()
    if function not in _WINDOW_FUNCTIONS:
        tags.fail(f'VOILUTFunction (0028,1056) {function!r} is none of {", ".join(_WINDOW_FUNCTIONS)}')
    return Window(center, width, function)


def _plausible(tags: DicomTags, keyword: str, default: float | None = None) -> float | None:
    value = tags.number(keyword, default)
    if value and not 1 / _LARGEST <= abs(value) <= _LARGEST:
        tags.fail(f'{tag_name(keyword)} is {value:g}: beyond any detector')
    return value


def _read_table(tags: DicomTags, keyword: str, is_signed: bool) -> LookUpTable | None:
    """The first table of a sequence.

    Source: DICOM PS3.3 C.11.1.1.1 and C.11.2.1.1 (LUT Descriptor: number of entries, where 0 means 65536; first mapped
    value; bits an entry).
    """
    item = tags.first_item(keyword)
    if item is None:
        return None
    descriptor = item.numbers('LUTDescriptor')
    if len(descriptor) != 3:
        tags.fail(f'{keyword}: LUTDescriptor (0028,3002) holds {len(descriptor)} values instead of 3')
    count, first_mapped, bits = (int(value) for value in descriptor)
    count = count or 65536
    if is_signed and first_mapped >= 2**15:
        first_mapped -= 2**16  # written as unsigned although the values are signed
    entries = _table_entries(item.dataset)
    if not 1 <= bits <= 16 or len(entries) < count:
        tags.fail(
            f'{keyword}: LUTDescriptor (0028,3002) announces {count} entries of {bits} bits, found {len(entries)}'
        )
    return LookUpTable(first_mapped, entries[:count].astype(np.float32), float(2**bits - 1))


def _table_entries(item: Dataset) -> np.ndarray:
    data: Any = item.get('LUTData')
    if isinstance(data, (bytes, bytearray)):
        little_endian = item.is_little_endian if hasattr(item, 'is_little_endian') else True
        return np.frombuffer(data[: len(data) // 2 * 2], dtype='<u2' if little_endian in (True, None) else '>u2')
    if isinstance(data, (MultiValue, list, tuple)):
        return np.asarray(data, dtype=np.int64)
    return np.zeros(0, dtype=np.int64)


def _read_padding(tags: DicomTags, bits_stored: int, is_signed: bool) -> tuple[int, int] | None:
    """Range of padding values, in the way the stored values are signed.

    Source: DICOM PS3.3 C.7.5.1.1.2.
    """
    if tags.number('PixelPaddingValue') is None:
        return None
    ends = [tags.integer('PixelPaddingValue')]
    if tags.number('PixelPaddingRangeLimit') is not None:
        ends.append(tags.integer('PixelPaddingRangeLimit'))
    ends = [_as_stored(end, tags.integer('BitsAllocated'), is_signed) for end in ends]
    return min(ends), max(ends)


def _as_stored(value: int, bits_allocated: int, is_signed: bool) -> int:
    """Undoes a wrong sign: 65535 for -1 in signed data, -1 for 65535 in unsigned data."""
    value %= 2**bits_allocated
    return value - 2**bits_allocated if is_signed and value >= 2 ** (bits_allocated - 1) else value
