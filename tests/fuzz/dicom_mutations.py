"""Hostile DICOM: elements of absurd size and type, missing groups, endless sequences, bombs in compressed frames."""

from __future__ import annotations

import struct
from io import BytesIO
from random import Random

from pydicom import Dataset, dcmread
from pydicom.datadict import tag_for_keyword
from pydicom.dataelem import RawDataElement
from pydicom.tag import BaseTag, Tag

from mammo_plugins.io.dicom_intensity import INTENSITY_KEYWORDS
from mammo_plugins.io.dicom_modality import MODALITY_KEYWORDS
from mammo_plugins.io.dicom_spacing import SPACING_KEYWORDS
from mammo_plugins.io.dicom_view import VIEW_KEYWORDS

from .bombs import deflate_bomb
from .mutations import mutate_bytes
from .valid_files import COMPRESSED, UNCOMPRESSED

_SIZES = ('Rows', 'Columns', 'NumberOfFrames', 'BitsAllocated', 'BitsStored', 'SamplesPerPixel', 'PixelRepresentation')
_KEYWORDS = (
    *_SIZES, 'HighBit', 'PlanarConfiguration', 'InstanceNumber', 'ImagePositionPatient', 'ImageOrientationPatient',
    'PatientOrientation', 'Manufacturer', 'SOPInstanceUID', 'SeriesInstanceUID', 'StudyInstanceUID', 'PatientID',
    'SpecificCharacterSet', 'LUTDescriptor', 'LUTData', *MODALITY_KEYWORDS, *VIEW_KEYWORDS, *SPACING_KEYWORDS,
    *INTENSITY_KEYWORDS,
)  # fmt: skip
_VRS = (
    'AE', 'AS', 'AT', 'CS', 'DA', 'DS', 'DT', 'FD', 'FL', 'IS', 'LO', 'LT', 'OB', 'OW', 'PN', 'SH', 'SL', 'SQ', 'SS',
    'ST', 'TM', 'UI', 'UL', 'UN', 'US', 'UT', 'UC', 'UR', 'OF', 'OV', 'SV', 'ZZ', '\0\0',
)  # fmt: skip
_VALUES = (
    b'', b'0 ', b'-1', b'1000000000', b'1000000000\\1', b'9' * 400, b'1e308 ', b'1e999 ', b'nan ', b'inf ', b'-inf',
    b'0.0000000001', b'1\\2', b'1\\' * 2000 + b'1 ', b'\0\0', b'\xff\xff', b'\xff\xff\xff\xff', b'\x00\xca\x9a\x3b',
    b'\xff' * 8, b'\0\0\0\0\0\0\xf0\x7f', b'\0\0\xc0\x7f', b'abc ', b'\xe9\xff\xfe ', b'a\nb ', b'x' * 70_000,
    b'MONOCHROME1 ', b'GAMMA ', b'ISO 2022 IR 87', b'1.2.840.10008.5.1.4.1.1.2', struct.pack('<6H', 3, 0, 16, 1, 2, 3),
    struct.pack('<3H', 0, 0, 16), struct.pack('<3h', -1, -1, -1), b'\xfe\xff\x00\xe0\xff\xff\xff\xff',
)  # fmt: skip
_SEQUENCES = (
    'ViewCodeSequence', 'SharedFunctionalGroupsSequence', 'PerFrameFunctionalGroupsSequence', 'VOILUTSequence',
    'AnatomicRegionSequence', 'ModalityLUTSequence',
)  # fmt: skip
_UNDEFINED = 0xFFFFFFFF


def mutate_dicom(rng: Random, content: bytes) -> bytes:
    """A file with damage of one of many kinds."""
    kind = rng.random()
    if kind < 0.25:
        return mutate_bytes(rng, content)
    pixels = content.rfind(b'\xe0\x7f\x10\x00')
    if kind < 0.4 and pixels > 0:
        return mutate_bytes(rng, content, start=pixels)
    if kind < 0.45 and pixels > 0:
        return mutate_bytes(rng, content, start=132, end=pixels)
    if kind < 0.5:
        return _append_after_pixels(rng, content)
    if kind < 0.505:
        return deflate_bomb(rng.choice((10**6, 10**8, 10**9)), in_header=rng.random() < 0.5)
    if kind < 0.52:
        return swell_codestream(content, *rng.choice(((3_000, 3_000), (65_535, 200), (65_535, 65_535), (41, 37))))
    return _mutate_elements(rng, content)


def swell_codestream(content: bytes, rows: int, columns: int) -> bytes:
    """A file whose header and whose first compressed frame agree on another size than its data have."""
    damaged = bytearray(content)
    for element, value in ((b'\x28\x00\x10\x00US\x02\x00', rows), (b'\x28\x00\x11\x00US\x02\x00', columns)):
        if (place := content.find(element)) > 0:
            damaged[place + 8 : place + 10] = struct.pack('<H', value)
    if (place := content.find(b'\xff\x4f\xff\x51')) > 0:  # JPEG 2000: width and height
        damaged[place + 8 : place + 16] = struct.pack('>LL', columns, rows)
        damaged[place + 24 : place + 32] = struct.pack('>LL', columns, rows)  # one tile
    for marker in (b'\xff\xf7', b'\xff\xc3', b'\xff\xc0'):  # JPEG-LS, JPEG Lossless, JPEG
        if (place := content.find(marker, content.find(b'\xfe\xff\x00\xe0'))) > 0:
            damaged[place + 5 : place + 9] = struct.pack('>HH', rows, columns)
    return bytes(damaged)


def _mutate_elements(rng: Random, content: bytes) -> bytes:
    dataset = dcmread(BytesIO(content))
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        rng.choice(_ELEMENT_DAMAGES)(rng, dataset)
    stream = BytesIO()
    try:
        dataset.save_as(stream, enforce_file_format=False, overwrite=True)
    except Exception:  # pydicom refuses to write some of this
        return mutate_bytes(rng, content)
    return stream.getvalue()


def _put(dataset: Dataset, tag: BaseTag, vr: str, value: bytes, length: int | None = None) -> None:
    implicit, little = (bool(flag) for flag in dataset.original_encoding)
    value += b'\0' * (len(value) % 2)
    length = len(value) if length is None else length
    dataset._dict[tag] = RawDataElement(tag, None if implicit else vr, length, value, 0, implicit, little)


def _absurd_size(rng: Random, dataset: Dataset) -> None:
    keyword = rng.choice(_SIZES)
    if keyword == 'NumberOfFrames':
        value = rng.choice((b'1000000000', b'-1', b'0 ', b'2 ', b'1000', b'999 ', b'4294967296', b'1e9 ', b'3.5 '))
        _put(dataset, Tag(tag_for_keyword(keyword)), 'IS', value)
    else:
        value = rng.choice((0, 1, 2, 7, 8, 12, 16, 23, 25, 32, 64, 5000, 10_000, 32768, 65535))
        _put(dataset, Tag(tag_for_keyword(keyword)), 'US', struct.pack('<H', value))


def _absurd_frame(rng: Random, dataset: Dataset) -> None:
    """A frame of the largest size that is believed, in a file of some kilobytes."""
    for keyword in ('Rows', 'Columns'):
        _put(dataset, Tag(tag_for_keyword(keyword)), 'US', struct.pack('<H', rng.choice((11_000, 3_000, 65_535))))
    _put(dataset, Tag(tag_for_keyword('NumberOfFrames')), 'IS', rng.choice((b'1 ', b'3 ', b'1000')))


def _wrong_value(rng: Random, dataset: Dataset) -> None:
    holder = _some_holder(rng, dataset)
    _put(holder, Tag(tag_for_keyword(rng.choice(_KEYWORDS))), rng.choice(_VRS), rng.choice(_VALUES))


def _wrong_vr(rng: Random, dataset: Dataset) -> None:
    holder = _some_holder(rng, dataset)
    raw = [element for element in holder._dict.values() if isinstance(element, RawDataElement)]
    if raw:
        element = rng.choice(raw)
        _put(holder, element.tag, rng.choice(_VRS), element.value or b'')


def _missing(rng: Random, dataset: Dataset) -> None:
    tag = rng.choice(list(dataset.keys()))
    whole_group = rng.random() < 0.4
    for other in [key for key in dataset.keys() if key == tag or (whole_group and key.group == tag.group)]:
        del dataset._dict[other]


def _missing_meta(rng: Random, dataset: Dataset) -> None:
    meta = dataset.file_meta
    if meta:
        del meta._dict[rng.choice(list(meta.keys()))]


def _other_syntax(rng: Random, dataset: Dataset) -> None:
    others = (*UNCOMPRESSED, *COMPRESSED, '1.2.840.10008.1.2.4.201', '1.2.840.10008.1.2.4.100', '1.2.3', 'abc', '')
    dataset.file_meta.TransferSyntaxUID = rng.choice(others)


def _deep_sequence(rng: Random, dataset: Dataset) -> None:
    _, little = dataset.original_encoding
    tag = Tag(rng.choice([tag_for_keyword(name) for name in _SEQUENCES] + [0x00091001]))
    nested = nested_sequence(tag, rng.choice((10, 200, 1_000, 5_000)), dataset.original_encoding[0], little)
    _put(dataset, tag, 'SQ', nested, rng.choice((None, _UNDEFINED)))


def _undefined_length(rng: Random, dataset: Dataset) -> None:
    tag = rng.choice(list(dataset.keys()))
    _put(dataset, tag, rng.choice(('UN', 'SQ', 'OB', 'UT')), rng.choice(_VALUES), _UNDEFINED)


def _window_of_extremes(rng: Random, dataset: Dataset) -> None:
    for keyword in ('WindowCenter', 'WindowWidth', 'RescaleSlope', 'RescaleIntercept'):
        if rng.random() < 0.6:
            value = rng.choice(
                (b'1e308 ', b'-1e308', b'1e-308', b'1e39 ', b'-1e39 ', b'3e38 ', b'1e-46 ', b'0 ', b'1 ')
            )
            _put(dataset, Tag(tag_for_keyword(keyword)), 'DS', value)
    for keyword in ('VOILUTSequence', 'PerFrameFunctionalGroupsSequence', 'SharedFunctionalGroupsSequence'):
        if rng.random() < 0.5 and keyword in dataset:
            del dataset._dict[Tag(tag_for_keyword(keyword))]


_ELEMENT_DAMAGES = (
    _absurd_size, _absurd_frame, _wrong_value, _wrong_value, _wrong_value, _wrong_vr, _wrong_vr, _missing, _missing,
    _missing_meta, _other_syntax, _deep_sequence, _undefined_length, _window_of_extremes,
)  # fmt: skip


def _some_holder(rng: Random, dataset: Dataset) -> Dataset:
    """The data set itself, or the first item of one of its sequences."""
    if rng.random() < 0.5:
        return dataset
    for name in rng.sample(_SEQUENCES, len(_SEQUENCES)):
        try:
            item = dataset.get(name)[0]
        except Exception:  # absent, or damaged before
            continue
        if isinstance(item, Dataset):
            return item
    return dataset


def nested_sequence(tag: BaseTag, depth: int, implicit: bool, little: bool) -> bytes:
    """Content of a sequence that holds itself ``depth`` times, all of undefined length."""
    order = '<' if little else '>'
    number = struct.pack(f'{order}HH', tag.group, tag.element)
    head = number + (b'' if implicit else b'SQ\0\0') + struct.pack(f'{order}L', _UNDEFINED)
    item = struct.pack(f'{order}HHL', 0xFFFE, 0xE000, _UNDEFINED)
    item_end, sequence_end = (struct.pack(f'{order}HHL', 0xFFFE, element, 0) for element in (0xE00D, 0xE0DD))
    return (item + head) * depth + sequence_end + (item_end + sequence_end) * depth


def _append_after_pixels(rng: Random, content: bytes) -> bytes:
    """Elements behind the pixel data that say something else than those before it."""
    added = b''
    for keyword in rng.sample(_SIZES, 2):
        tag, vr = Tag(tag_for_keyword(keyword)), 'IS' if keyword == 'NumberOfFrames' else 'US'
        value = b'1000000000' if vr == 'IS' else struct.pack('<H', rng.choice((0, 1, 60_000, 65_535)))
        added += struct.pack('<HH2sH', tag.group, tag.element, vr.encode(), len(value)) + value
    return content + added
