"""CSV tables of a data set, row by row; a row that cannot be used is reported, never lost silently."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from .table_text import TableText, is_index_column, number_text, open_table

_MISSING = ('nan', 'none', 'null', '<na>')


class TableError(ValueError):
    """A file that is no such table; the message names the file."""


class RowError(ValueError):
    """A value in a row that cannot be used; the message names the column and the value."""


@dataclass(frozen=True)
class TableRow:
    """One row of a table.

    Attributes:
        where: file and line, for reports.
        values: text by column, without the spaces around it; absent optional columns are missing.
        has_decimal_commas: numbers may be written ``12,5``.
    """

    where: str
    values: dict[str, str]
    has_decimal_commas: bool = False

    def text(self, column: str) -> str:
        """A text that is not empty.

        Raises:
            RowError: it is empty, or the column is absent.
        """
        if not (value := self._field(column)):
            raise RowError(f'{column} is empty')
        return value

    def number(self, column: str) -> float:
        """A finite number.

        Raises:
            RowError: it is none, or the column is absent.
        """
        field = self._field(column)
        try:
            value = float(number_text(field, self.has_decimal_commas))
        except ValueError:
            raise RowError(f'{column} {field!r} is not a number') from None
        if not math.isfinite(value):
            raise RowError(f'{column} {field!r} is not finite')
        return value

    def integer(self, column: str) -> int:
        """A whole number, which may be written as a float (``1116.0``).

        Raises:
            RowError: it is none.
        """
        value = self.number(column)
        if value != int(value):
            raise RowError(f'{column} {self.values[column]!r} is not a whole number')
        return int(value)

    def flag(self, column: str) -> int:
        """0 or 1.

        Raises:
            RowError: it is neither.
        """
        if (value := self.number(column)) not in (0, 1):
            raise RowError(f'{column} {self.values[column]!r} is neither 0 nor 1')
        return int(value)

    def optional_text(self, column: str) -> str | None:
        """A text, or None where the column is absent or the field empty."""
        return self.values.get(column) or None

    def optional_integer(self, column: str) -> int | None:
        """A whole number, or None where the column is absent or the field empty.

        Raises:
            RowError: the field holds something else.
        """
        return self.integer(column) if self.values.get(column) else None

    def without_missing(self) -> TableRow:
        """The row with empty fields where pandas and others wrote the name of a missing value: ``nan``, ``None``."""
        values = {name: '' if text.lower() in _MISSING else text for name, text in self.values.items()}
        return replace(self, values=values)

    def _field(self, column: str) -> str:
        """The field of a column that may be an optional one, absent from the table."""
        try:
            return self.values[column]
        except KeyError:
            raise RowError(f'the table has no column {column}') from None


def read_csv_table(
    path: Path, required: Sequence[str], optional: Sequence[str], drop: Callable[[str, str, str], None]
) -> list[TableRow]:
    """Rows of a CSV table with a header, as :func:`~mammo_plugins.io.table_text.open_table` reads it.

    An unnamed column of row numbers, as pandas adds it, is no column that anybody misses.

    Args:
        path: the file.
        required, optional: columns that are read; the latter may be absent.
        drop: is called for an unknown column and for a row with the wrong number of fields, with where it is, what is
            wrong, and ``columns`` or ``rows``.

    Raises:
        TableError: the file cannot be read, or lacks a column.
    """
    try:
        with open_table(path) as table:
            return _read_rows(path, table, required, optional, drop)
    except OSError as error:
        raise TableError(f'{path}: cannot be opened: {error.strerror or type(error).__name__}') from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise TableError(f'{path}: not a CSV table in UTF-8, UTF-16 or Windows-1252 ({error})') from error


def check_columns(
    path: Path,
    columns: Sequence[str],
    required: Sequence[str],
    optional: Sequence[str],
    drop: Callable[[str, str, str], None],
) -> None:
    """Refuses a table that lacks a column, and reports columns that nobody reads.

    Args:
        path: of the table.
        columns: of its header.
        required, optional, drop: as for :func:`read_csv_table`.

    Raises:
        TableError: a required column is missing.
    """
    if missing := [column for column in required if column not in columns]:
        has = ', '.join(columns) or 'no header at all'
        raise TableError(f'{path}: misses the columns {", ".join(missing)}; it has {has}')
    for column in columns:
        if column not in required and column not in optional and not is_index_column(column):
            drop(f'{path.name} column {column!r}', 'unknown column, not used', 'columns')


def _read_rows(
    path: Path,
    table: TableText,
    required: Sequence[str],
    optional: Sequence[str],
    drop: Callable[[str, str, str], None],
) -> list[TableRow]:
    columns = next(table.rows, (0, []))[1]
    check_columns(path, columns, required, optional, drop)
    rows = []
    for number, fields in table.rows:
        where = f'{path.name} line {number}'
        if len(fields) != len(columns):
            drop(where, f'has {len(fields)} fields, the header has {len(columns)}', 'rows')
            continue
        rows.append(TableRow(where, dict(zip(columns, fields, strict=True)), table.has_decimal_commas))
    return rows
