"""When an image was exposed, from a table of DICOM tags that other programs have written as numbers."""

from __future__ import annotations

import re

from mammo_plugins.io.csv_table import TableRow
from mammo_plugins.io.dicom_time import TIME_KEYWORDS, seconds_of_day

_AS_NUMBER = re.compile(r'([1-9]\d{0,5}|0)(\.\d*)?')


def read_row_time_s(row: TableRow) -> float | None:
    """Seconds since midnight by Acquisition Time, else Series Time; None where the row has neither.

    A time before ten has lost its first zero where it was taken for a number: ``93012.0`` is 09:30:12.
    """
    for column in TIME_KEYWORDS:
        text = (row.values.get(column) or '').strip()
        if match := _AS_NUMBER.fullmatch(text):
            text = match[1].zfill(6) + (match[2] or '')
        if (seconds := seconds_of_day(text.rstrip('.'))) is not None:
            return seconds
    return None
