"""Small files that unpack to large ones."""

from __future__ import annotations

import struct
import zipfile
import zlib
from functools import lru_cache
from io import BytesIO

from pydicom.uid import DeflatedExplicitVRLittleEndian

from tests.io.dicom_builder import gradient, mammogram

_PIXEL_DATA = b'\xe0\x7f\x10\x00OW\0\0'


@lru_cache(maxsize=16)
def deflate_bomb(unpacked_bytes: int, in_header: bool) -> bytes:
    """A deflated DICOM file that unpacks to a thousand times its size.

    Args:
        unpacked_bytes: zeros behind its elements.
        in_header: as a private element before the pixel data, else as pixel data.
    """
    dataset = mammogram(gradient((24, 20)), SOPInstanceUID='1.2.3', SeriesInstanceUID='1.2.4')
    del dataset.PixelData
    plain, deflated = BytesIO(), BytesIO()
    dataset.save_as(plain, enforce_file_format=True)
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    dataset.save_as(deflated, enforce_file_format=True)
    head = b'\x29\x00\x01\x10OB\0\0' if in_header else _PIXEL_DATA
    packer = zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = packer.compress(_behind_meta(plain.getvalue()) + head + struct.pack('<L', unpacked_bytes))
    return _meta(deflated.getvalue()) + packed + _packed_zeros(packer, unpacked_bytes)


def _packed_zeros(packer: zlib._Compress, count: int) -> bytes:
    zeros = bytes(1 << 20)
    return b''.join(packer.compress(zeros) for _ in range(count >> 20)) + packer.flush()


def _meta(content: bytes) -> bytes:
    (length,) = struct.unpack('<L', content[140:144])
    return content[: 144 + length]


def _behind_meta(content: bytes) -> bytes:
    return content[len(_meta(content)) :]


def png_chunk(kind: bytes, data: bytes, crc: int | None = None) -> bytes:
    """A chunk, with its checksum unless another is given."""
    return (
        struct.pack('>L', len(data)) + kind + data + struct.pack('>L', zlib.crc32(kind + data) if crc is None else crc)
    )


@lru_cache(maxsize=64)
def png_bomb(kind: str, unpacked_bytes: int) -> bytes:
    """A PNG with a text chunk, a profile or pixels that unpack to much more than 24 x 20 pixels need."""
    packed = _packed_zeros(zlib.compressobj(1), unpacked_bytes)
    header, pixels = struct.pack('>LLBBBBB', 20, 24, 16, 0, 0, 0, 0), zlib.compress(bytes(24 * 41))
    extra = {
        'zTXt': png_chunk(b'zTXt', b'Comment\0\0' + packed),
        'iTXt': png_chunk(b'iTXt', b'Comment\0\1\0\0\0' + packed),
        'iCCP': png_chunk(b'iCCP', b'icc\0\0' + packed),
        'many zTXt': png_chunk(b'zTXt', b'Comment\0\0' + zlib.compress(bytes(10**6))) * (unpacked_bytes // 10**6),
    }.get(kind, b'')
    if kind == 'IDAT':
        pixels = packed
    return (
        b'\x89PNG\r\n\x1a\n' + png_chunk(b'IHDR', header) + extra + png_chunk(b'IDAT', pixels) + png_chunk(b'IEND', b'')
    )


PNG_BOMBS = ('zTXt', 'iTXt', 'iCCP', 'many zTXt', 'IDAT')

_WORKBOOK_PARTS = {
    '[Content_Types].xml': (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" '
        'ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/'
        'vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override '
        'PartName="/xl/worksheets/sheet1.xml" ContentType="application/'
        'vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>'
    ),
    '_rels/.rels': (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" '
        'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>'
    ),
    'xl/workbook.xml': (
        '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
        'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="a" '
        'sheetId="1" r:id="r1"/></sheets></workbook>'
    ),
    'xl/_rels/workbook.xml.rels': (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" '
        'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" '
        'Target="worksheets/sheet1.xml"/></Relationships>'
    ),
}


def workbook(sheet: str | bytes, doctype: str = '') -> bytes:
    """An .xlsx file around the content of its ``sheetData``; the same bytes in every run."""
    content = sheet.encode() if isinstance(sheet, str) else sheet
    space = b'http://schemas.openxmlformats.org/spreadsheetml/2006/main'
    stream = BytesIO()
    with zipfile.ZipFile(stream, 'w', zipfile.ZIP_DEFLATED) as archive:
        parts = {name: text.encode() for name, text in _WORKBOOK_PARTS.items()}
        parts['xl/worksheets/sheet1.xml'] = (
            doctype.encode() + b'<worksheet xmlns="' + space + b'">' + content + b'</worksheet>'
        )
        for name, part in parts.items():
            archive.writestr(zipfile.ZipInfo(name), part, zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def sheet_data(rows: list[list[str]]) -> str:
    """``sheetData`` of texts."""
    cells = (''.join(f'<c t="inlineStr"><is><t>{cell}</t></is></c>' for cell in row) for row in rows)
    return '<sheetData>' + ''.join(f'<row>{row}</row>' for row in cells) + '</sheetData>'


_LAUGHS = ''.join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
ENTITY_DOCTYPE = f'<!DOCTYPE x [<!ENTITY l0 "ha">{_LAUGHS}]>'
"""Ten to the eleventh times "ha"."""


@lru_cache(maxsize=16)
def workbook_bomb(kind: str) -> bytes:
    """A workbook whose sheet has absurdly many rows, columns or bytes."""
    row = '<row r="{}"><c r="{}{}" t="inlineStr"><is><t>a</t></is></c></row>'
    sheets = {
        'far row': '<sheetData>' + row.format(1048576, 'A', 1048576) + '</sheetData>',
        'row beyond the format': '<sheetData>' + row.format(10**9, 'A', 10**9) + '</sheetData>',
        'far column': '<sheetData>' + ''.join(row.format(n, 'XFD', n) for n in range(1, 5000)) + '</sheetData>',
        'wide and long': '<dimension ref="A1:XFD1048576"/><sheetData>' + row.format(1, 'A', 1) + '</sheetData>',
        'many rows': b'<sheetData>' + b'<row/>' * 10_000_000 + b'</sheetData>',
        'many cells': b'<sheetData>'
        + (b'<row>' + b'<c t="b"><v>1</v></c>' * 100 + b'</row>') * 5_000
        + b'</sheetData>',
        'entities': '<sheetData><row><c t="inlineStr"><is><t>&l11;</t></is></c></row></sheetData>',
    }
    if kind == 'large part':
        return workbook(b'<sheetData>' + b' ' * (2**28 + 10) + b'</sheetData>')
    return workbook(sheets[kind], ENTITY_DOCTYPE if kind == 'entities' else '')


WORKBOOK_BOMBS = (
    'far row', 'row beyond the format', 'far column', 'wide and long', 'many rows', 'many cells', 'entities',
    'large part',
)  # fmt: skip
