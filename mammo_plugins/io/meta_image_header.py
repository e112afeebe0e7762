"""Headers of MetaImage files (``.mhd`` with the pixels in a file beside it, ``.mha`` with both in one).

A header is lines of ``Key = value`` that end with ``ElementDataFile``. What the reader needs must be there and make
sense; keys about directions and origins are not used, since mammograms are not placed in a room.

Source: MetaIO documentation, https://itk.org/Wiki/MetaIO/Documentation (fields of MetaObject and MetaImage).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .unreadable_image import UnreadableImageError

ELEMENT_TYPES = {'MET_UCHAR': 'u1', 'MET_USHORT': 'u2', 'MET_FLOAT': 'f4', 'MET_DOUBLE': 'f8'}
LOCAL = 'LOCAL'

_SUFFIXES = ('.mhd', '.mha')
_FIRST_KEYS = (b'ObjectTy', b'NDims = ', b'NDims=')  # what can be seen of a header in eight bytes
_MAX_HEADER_BYTES = 2**16
_MAX_SIDE = 2**31 - 1
_TRUE, _FALSE = ('true', '1'), ('false', '0')


@dataclass(frozen=True)
class MetaImageHeader:
    """What a header says.

    Attributes:
        path: the header's file.
        sizes: (X, Y) or (X, Y, Z); x runs fastest in the data.
        spacing_mm: as many distances in the same order, or None where it states none.
        dtype: of one value, byte order included.
        data_path: the file of the values; the header's own where they follow it.
        data_start: first byte of the values, None where they are the last bytes of the file.
    """

    path: Path
    sizes: tuple[int, ...]
    spacing_mm: tuple[float, ...] | None
    dtype: np.dtype
    data_path: Path
    data_start: int | None

    @property
    def num_bytes(self) -> int:
        """Bytes of all values that the header announces."""
        return math.prod(self.sizes) * self.dtype.itemsize


def looks_like_meta_image(path: Path, start: bytes) -> bool:
    """Whether a file is a MetaImage header, by its first eight bytes or its name.

    By its name too, so that a damaged header is called one.
    """
    return start.startswith(_FIRST_KEYS) or path.suffix.lower() in _SUFFIXES


def read_meta_header(path: str | Path) -> MetaImageHeader:
    """Reads a header; the data file is not looked for.

    Raises:
        UnreadableImageError: it lacks a field, contradicts itself, or asks for something that is not read (compressed
            or text data, several channels, a list of files, values of other types).
    """
    path = Path(path)
    try:
        fields, end = _read_fields(path)
        return _interpret(path, fields, end)
    except OSError as error:
        raise UnreadableImageError(path, f'cannot be opened: {error.strerror or type(error).__name__}') from error
    except ValueError as error:
        if isinstance(error, UnreadableImageError):
            raise
        raise UnreadableImageError(path, f'MetaImage header: {error}') from error


def _read_fields(path: Path) -> tuple[dict[str, str], int]:
    """Keys to values, and where the header ends."""
    fields: dict[str, str] = {}
    with path.open('rb') as file:
        start = file.read(_MAX_HEADER_BYTES)
    end = 0
    for number, line in enumerate(start.splitlines(keepends=True), start=1):
        end += len(line)
        try:
            text = line.decode('ascii').strip()
        except UnicodeDecodeError as error:
            raise ValueError(f'line {number} is no text') from error
        if not text:
            continue
        key, equals, value = (part.strip() for part in text.partition('='))
        if not equals or not key:
            raise ValueError(f'line {number} is not "Key = value"')
        if fields.setdefault(key, value) != value:
            raise ValueError(f'{key} is both {fields[key]!r} and {value!r}')
        if key == 'ElementDataFile':
            return fields, end
    raise ValueError(f'no ElementDataFile in the first {_MAX_HEADER_BYTES} bytes')


def _interpret(path: Path, fields: dict[str, str], end: int) -> MetaImageHeader:
    _refuse_what_is_not_read(fields)
    dimensions = _integers(fields, 'NDims', 1)[0]
    if dimensions not in (2, 3):
        raise ValueError(f'NDims is {dimensions}: only images of 2 and volumes of 3 dimensions are read')
    sizes = _integers(fields, 'DimSize', dimensions)
    if not all(1 <= size <= _MAX_SIDE for size in sizes):
        raise ValueError(f'DimSize {fields["DimSize"]!r} is not {dimensions} sizes of at least 1')
    kind = _needed(fields, 'ElementType')
    if kind not in ELEMENT_TYPES:
        raise ValueError(f'ElementType {kind!r} is none of {", ".join(ELEMENT_TYPES)}')
    order = '>' if _flag(fields, 'ElementByteOrderMSB') or _flag(fields, 'BinaryDataByteOrderMSB') else '<'
    skipped = _integers(fields, 'HeaderSize', 1)[0] if 'HeaderSize' in fields else 0
    if skipped < -1:
        raise ValueError(f'HeaderSize {skipped} is neither -1 nor a number of bytes')
    name = _needed(fields, 'ElementDataFile')
    start = end if name == LOCAL else skipped
    return MetaImageHeader(
        path=path,
        sizes=sizes,
        spacing_mm=_spacing(fields, dimensions),
        dtype=np.dtype(order + ELEMENT_TYPES[kind]),
        data_path=path if name == LOCAL else path.parent / _checked_name(name),
        data_start=None if skipped == -1 else start,
    )


def _refuse_what_is_not_read(fields: dict[str, str]) -> None:
    if fields.get('ObjectType', 'Image') != 'Image':
        raise ValueError(f'ObjectType is {fields["ObjectType"]!r}, no Image')
    if _flag(fields, 'CompressedData'):
        raise ValueError('the data are compressed: write the image without compression')
    if 'BinaryData' in fields and not _flag(fields, 'BinaryData'):
        raise ValueError('the data are text: write the image as binary data')
    if (channels := fields.get('ElementNumberOfChannels', '1')) != '1':
        raise ValueError(f'ElementNumberOfChannels is {channels}: only images of one channel are read')


def _spacing(fields: dict[str, str], dimensions: int) -> tuple[float, ...] | None:
    """ElementSpacing, else ElementSize."""
    key = next((name for name in ('ElementSpacing', 'ElementSize') if name in fields), None)
    if key is None:
        return None
    try:
        values = tuple(float(part) for part in fields[key].split())
    except ValueError:
        values = ()
    if len(values) != dimensions or not all(math.isfinite(value) and value > 0 for value in values):
        raise ValueError(f'{key} {fields[key]!r} is not {dimensions} distances in mm')
    return values


def _checked_name(name: str) -> str:
    """A data file lies in the header's folder or below: a header must not lead to other files."""
    if name == 'LIST' or '%' in name:
        raise ValueError(f'ElementDataFile {name!r} is a file a slice: write the volume as one file')
    parts = name.replace('\\', '/').split('/')
    if '..' in parts or '' in parts or ':' in parts[0] or '\0' in name:
        raise ValueError(f'ElementDataFile {name!r} leads out of the folder of the header: put the data beside it')
    return '/'.join(parts)


def _needed(fields: dict[str, str], key: str) -> str:
    if not fields.get(key):
        raise ValueError(f'{key} is missing')
    return fields[key]


def _integers(fields: dict[str, str], key: str, count: int) -> tuple[int, ...]:
    parts = _needed(fields, key).split()
    if len(parts) != count or not all(len(part) < 12 and part.removeprefix('-').isdecimal() for part in parts):
        raise ValueError(f'{key} {fields[key][:60]!r} is not {count} whole numbers')
    return tuple(map(int, parts))


def _flag(fields: dict[str, str], key: str) -> bool:
    value = fields.get(key, 'False').lower()
    if value not in _TRUE + _FALSE:
        raise ValueError(f'{key} {fields[key]!r} is neither True nor False')
    return value in _TRUE
