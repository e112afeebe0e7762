"""Text of tables as programs write them: encodings, delimiters and decimal commas of spreadsheets.

One way into every CSV table, so that a file that one command reads is read by all of them.
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

DELIMITERS = ',;\t'
_BLOCK_BYTES = 1 << 20
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, 'utf-8-sig'), (codecs.BOM_UTF16_LE, 'utf-16'), (codecs.BOM_UTF16_BE, 'utf-16'),
)  # fmt: skip
_LARGEST_FOREIGN_SHARE = 0.3  # of letters beyond ASCII; a picture has half
_SEPARATOR_LINE = 'sep='  # Excel's own first line


@dataclass(frozen=True)
class TableText:
    """An open table.

    Attributes:
        rows: line number (of the last line of the row) and fields, without blank lines; the header comes first.
        has_decimal_commas: numbers may be written ``12,5``, since another character parts the fields.
    """

    rows: Iterator[tuple[int, list[str]]]
    has_decimal_commas: bool


@contextmanager
def open_table(path: Path) -> Iterator[TableText]:
    """Opens a CSV table in UTF-8, UTF-16 or Windows-1252, parted by commas, semicolons or tabs.

    The delimiter is the one that the header has most of. Fields are stripped of the spaces around them; empty fields
    behind those of the header are left out.

    Raises:
        OSError: the file cannot be read.
        UnicodeDecodeError, csv.Error: it is no such table.
    """
    with path.open(newline='', encoding=_find_encoding(path)) as file:
        first = file.readline()
        skipped = 0
        if first.lower().startswith(_SEPARATOR_LINE):
            skipped, first = 1, file.readline()
        delimiter = max(DELIMITERS, key=first.count)
        file.seek(0)
        for _ in range(skipped):
            file.readline()
        yield TableText(_iter_rows(file, delimiter, skipped), delimiter != ',')


def number_text(text: str, has_decimal_commas: bool) -> str:
    """A number with a decimal point: ``12,5`` of a table with decimal commas as ``12.5``."""
    return text.replace(',', '.') if has_decimal_commas and text.count(',') == 1 and '.' not in text else text


def is_index_column(name: str) -> bool:
    """Whether a column is the unnamed one of row numbers that pandas and spreadsheets add."""
    return not name or name.lower().startswith('unnamed:')


def _iter_rows(file: IO[str], delimiter: str, skipped: int) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(file, delimiter=delimiter)
    width = None
    for fields in reader:
        stripped = [field.strip() for field in fields]
        if not any(stripped):
            continue
        if width is None:
            width = len(stripped)
        while len(stripped) > width and not stripped[-1]:
            stripped.pop()
        yield reader.line_num + skipped, stripped


def _find_encoding(path: Path) -> str:
    """By the byte order mark, else UTF-8 where all bytes are, else what Windows spreadsheets write in the West."""
    decoder = codecs.getincrementaldecoder('utf-8')()
    with path.open('rb') as file:
        block = start = file.read(_BLOCK_BYTES)
        for mark, encoding in _BYTE_ORDER_MARKS:
            if block.startswith(mark):
                return encoding
        if block[1:2] == b'\0':
            return 'utf-16-le'
        try:
            while block:
                decoder.decode(block)
                block = file.read(_BLOCK_BYTES)
            decoder.decode(b'', final=True)
        except UnicodeDecodeError:
            is_text = b'\0' not in start and sum(byte > 127 for byte in start) < _LARGEST_FOREIGN_SHARE * len(start)
            return 'cp1252' if is_text else 'utf-8'
    return 'utf-8'
