"""Tables with hundreds of columns and rows by the hundred thousand, of which a few columns are used.

:func:`.release_table.read_table` lists every unused column and keeps every field; a table of all DICOM tags of an
archive would fill the report and the memory.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from mammo_plugins.io.csv_table import TableRow
from mammo_plugins.io.table_text import TableText, open_table

from .conversion_report import ConversionError, ConversionReport


def iter_wide_table(
    path: Path, required: Sequence[str], report: ConversionReport, optional: Sequence[str] = ()
) -> Iterator[TableRow]:
    """Rows of a CSV table, one at a time, with the wanted columns alone.

    Columns are found whatever the case of their letters (documentation and tables of EMBED differ in it). Those that
    are not used are counted in one note; fields with the name of a missing value are empty; rows with the wrong number
    of fields are reported as dropped.

    Args:
        path: the file.
        required, optional: columns that are read; the latter may be absent.
        report: of the conversion.

    Raises:
        ConversionError: the file cannot be read, or lacks a column.
    """
    try:
        with open_table(path) as table:
            yield from _iter_rows(path, table, required, optional, report)
    except OSError as error:
        raise ConversionError(f'{path}: cannot be opened: {error.strerror or type(error).__name__}') from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise ConversionError(f'{path}: not a CSV table in UTF-8, UTF-16 or Windows-1252 ({error})') from error


def _iter_rows(
    path: Path, table: TableText, required: Sequence[str], optional: Sequence[str], report: ConversionReport
) -> Iterator[TableRow]:
    header = next(table.rows, (0, []))[1]
    lowered = [column.lower() for column in header]
    places = {name: lowered.index(name.lower()) for name in (*required, *optional) if name.lower() in lowered}
    if missing := [name for name in required if name not in places]:
        shown = ', '.join(header[:20]) + (', ...' if len(header) > 20 else '')
        raise ConversionError(f'{path}: misses the columns {", ".join(missing)}; it has {shown or "no header at all"}')
    if unused := len(header) - len(set(places.values())):
        report.note(path.name, f'{unused} of {len(header)} columns are not used', 'tables_with_unused_columns')
    for number, fields in table.rows:
        where = f'{path.name} line {number}'
        if len(fields) != len(header):
            report.drop(where, f'has {len(fields)} fields, the header has {len(header)}', 'rows')
            continue
        values = {name: fields[place] for name, place in places.items()}
        yield TableRow(where, values, table.has_decimal_commas).without_missing()
