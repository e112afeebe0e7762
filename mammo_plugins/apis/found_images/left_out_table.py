"""The table of files that were not predicted, or in doubt, beside the predictions."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from itertools import chain
from pathlib import Path

from mammo_plugins.io.source_walk import printable_path
from mammo_plugins.io.whole_file import whole_file

COLUMNS = ('File', 'Status', 'Reason')
LEFT_OUT, IN_DOUBT = 'left out', 'in doubt'


def write_left_out(path: Path, left_out: Mapping[str, str], doubts: Mapping[str, str]) -> Path:
    """Writes a CSV of ``File, Status, Reason``; the status is ``left out`` or ``in doubt``."""
    return write_left_out_rows(path, sorted(left_out.items()), sorted(doubts.items()))


def write_left_out_rows(path: Path, left_out: Iterable[tuple[str, str]], doubts: Iterable[tuple[str, str]]) -> Path:
    """The same from (file, reason) as they come."""
    rows = chain(
        ((printable_path(name), LEFT_OUT, reason) for name, reason in left_out),
        ((printable_path(name), IN_DOUBT, reason) for name, reason in doubts),
    )
    with whole_file(path) as unfinished, unfinished.open('w', newline='', encoding='utf-8') as file:
        writer = csv.writer(file, lineterminator='\n')
        writer.writerow(COLUMNS)
        writer.writerows(rows)
    return path


def read_left_out(path: Path, status: str) -> dict[str, str]:
    """File, as it was printed, to the reason of all rows of a status."""
    with path.open(newline='', encoding='utf-8') as file:
        return {row['File']: row['Reason'] for row in csv.DictReader(file) if row['Status'] == status}
