"""The table of files that were not predicted, or in doubt, beside the predictions."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path

from mammo_plugins.io.source_walk import printable_path
from mammo_plugins.io.whole_file import write_whole

COLUMNS = ('File', 'Status', 'Reason')


def write_left_out(path: Path, left_out: Mapping[str, str], doubts: Mapping[str, str]) -> Path:
    """Writes a CSV of ``File, Status, Reason``; the status is ``left out`` or ``in doubt``."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator='\n')
    writer.writerow(COLUMNS)
    for status, reasons in (('left out', left_out), ('in doubt', doubts)):
        writer.writerows((printable_path(name), status, reason) for name, reason in sorted(reasons.items()))
    write_whole(path, text.getvalue())
    return path
