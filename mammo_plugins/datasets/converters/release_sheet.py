"""Tables of a release that come as a workbook, or as CSV with semicolons or tabs instead of commas.

The first sheet counts. Numbers become text as they are read by a human: ``22678622``, not ``22678622.0``.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from mammo_plugins.io.csv_table import TableError, TableRow, check_columns
from mammo_plugins.io.table_text import open_table

from .conversion_report import ConversionError, ConversionReport

MAX_SHEET_BYTES = 2**23  # 8 MB unpacked; the largest workbook of a public release has less than one
MAX_SHEET_CELLS = 2**18  # 262,144; the largest has some 13,000


def read_sheet(
    path: Path, required: Sequence[str], report: ConversionReport, optional: Sequence[str] = ()
) -> list[TableRow]:
    """Rows of a table with a header; unknown columns and rows beyond the header are reported as dropped.

    Args:
        path: ``.xlsx``, ``.xls``, or CSV with commas, semicolons or tabs (whichever the header has most of).
        required, optional: columns that are read, without the spaces around them; the latter may be absent.
        report: collects what is left out.

    Raises:
        ConversionError: the file cannot be read, needs a package that is not installed, or lacks a column.
    """
    unit = 'row' if path.suffix.lower() in _READERS else 'line'
    numbered = ((number, fields) for number, fields in _read_cells(path) if any(fields))
    columns = next(numbered, (0, []))[1]
    try:
        check_columns(path, list(filter(None, columns)), required, optional, report.drop)
    except TableError as error:
        raise ConversionError(str(error)) from error
    rows = []
    for number, fields in numbered:
        where = f'{path.name} {unit} {number}'
        if any(fields[len(columns) :]) or (unit == 'line' and len(fields) < len(columns)):
            report.drop(where, f'has {len(fields)} fields, the header has {len(columns)}', 'rows')
            continue
        padded = fields + [''] * (len(columns) - len(fields))
        rows.append(TableRow(where, {name: value for name, value in zip(columns, padded, strict=False) if name}))
    return rows


def _read_cells(path: Path) -> list[tuple[int, list[str]]]:
    """Every row as its 1-based number and the text of its cells."""
    reader = _READERS.get(path.suffix.lower(), _read_csv)
    try:
        return [(number, [_cell_text(cell) for cell in cells]) for number, cells in reader(path)]
    except ConversionError:
        raise
    except ModuleNotFoundError as error:
        raise ConversionError(
            f'{path}: reading {path.suffix} needs the package {error.name}: pip install "mammo-plugins[datasets]", or '
            f'save the sheet as {path.stem}.csv beside it'
        ) from error
    except OSError as error:
        raise ConversionError(f'{path}: cannot be opened: {error.strerror or type(error).__name__}') from error
    except Exception as error:  # the readers let through whatever a broken workbook causes
        raise ConversionError(f'{path}: broken table ({type(error).__name__}: {error})') from error


def _read_csv(path: Path) -> Iterator[tuple[int, Sequence[Any]]]:
    with open_table(path) as table:
        yield from table.rows


def _read_xlsx(path: Path) -> Iterator[tuple[int, Sequence[Any]]]:
    import openpyxl

    with zipfile.ZipFile(path) as archive:
        if (size := sum(entry.file_size for entry in archive.infolist())) > MAX_SHEET_BYTES:
            raise ConversionError(f'{path}: {size} bytes when unpacked, more than the {MAX_SHEET_BYTES} of any release')
    book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    cells = 0
    try:
        sheet = book.worksheets[0]
        sheet.reset_dimensions()  # a size that the file only announces would be filled up with empty cells
        for number, row in enumerate(sheet.iter_rows(values_only=True), start=1):
            cells += 1 + len(row)  # an empty row counts too: one cell far down makes a million of them
            if cells > MAX_SHEET_CELLS:
                raise ConversionError(f'{path}: more than the {MAX_SHEET_CELLS} cells of any release')
            yield number, row
    finally:
        book.close()


def _read_xls(path: Path) -> Iterator[tuple[int, Sequence[Any]]]:
    import xlrd

    with open(os.devnull, 'w', encoding='utf-8') as silence:
        sheet = xlrd.open_workbook(path, logfile=silence).sheet_by_index(0)
    yield from ((number + 1, sheet.row_values(number)) for number in range(sheet.nrows))


def _cell_text(cell: Any) -> str:
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return '' if cell is None else str(cell).strip()


_READERS = {'.xlsx': _read_xlsx, '.xls': _read_xls}
