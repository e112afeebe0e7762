"""Tables of a release; what cannot be used goes into the report of the conversion."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mammo_plugins.io.csv_table import RowError, TableError, TableRow, read_csv_table

from .conversion_report import ConversionError, ConversionReport

__all__ = ['RowError', 'TableRow', 'read_table']


def read_table(
    path: Path, required: Sequence[str], report: ConversionReport, optional: Sequence[str] = ()
) -> list[TableRow]:
    """Rows of a CSV table; unknown columns and rows with the wrong number of fields are reported as dropped.

    Fields with the name of a missing value, as pandas writes it, are empty.

    Raises:
        ConversionError: the file cannot be read, or lacks a column.
    """
    try:
        rows = read_csv_table(path, required, optional, report.drop)
    except TableError as error:
        raise ConversionError(str(error)) from error
    return [row.without_missing() for row in rows]
