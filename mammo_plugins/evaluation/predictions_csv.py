"""Predictions on disk: the columns of the DBTex challenge, plus an optional probability of the whole image.

``PatientID,StudyUID,View,X,Width,Y,Height,Z,Depth,Score[,ImageScore]``; X and Y are the top-left corner in stored
pixels of the source file, Z is the first slice and Depth the number of slices. This project writes the predicted slice
as Z with a Depth of 1, and every float with as many digits as reading it back exactly takes.

Source: submission format of the DBTex challenge (Konz et al., JAMA Network Open 2023).
"""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from .predictions import (
    Fault,
    ImageKey,
    ImagePredictions,
    Predictions,
    PredictionsError,
    gather_predictions,
    repeated_rows,
    value_faults,
)

__all__ = [
    'COLUMNS',
    'IMAGE_SCORE_COLUMN',
    'ImageKey',
    'ImagePredictions',
    'Predictions',
    'PredictionsError',
    'gather_predictions',
    'read_predictions',
    'write_predictions',
]

_KEY_COLUMNS = ('PatientID', 'StudyUID', 'View')
_NUMBER_COLUMNS = ('X', 'Width', 'Y', 'Height', 'Z', 'Depth', 'Score')
COLUMNS = _KEY_COLUMNS + _NUMBER_COLUMNS
IMAGE_SCORE_COLUMN = 'ImageScore'


def write_predictions(path: str | Path, predictions: Predictions) -> None:
    """Writes a CSV that :func:`read_predictions` reads back exactly; the file appears only when it is complete.

    Raises:
        PredictionsError: a value is invalid or a row occurs twice (``gather_predictions`` merges such rows).
    """
    from mammo_plugins.io.whole_file import whole_file  # its package loads pydicom, which metrics do without

    path = Path(path)
    columns = predictions.columns
    faults = value_faults(columns) + _repeat_faults(predictions.image_index, columns)
    _refuse(path, faults, np.arange(len(predictions)) + 2)
    with whole_file(path) as unfinished, unfinished.open('w', newline='', encoding='utf-8') as file:
        writer = csv.writer(file, lineterminator='\n')
        writer.writerow([*_KEY_COLUMNS, *columns])
        texts = [[_number_text(value) for value in values.tolist()] for values in columns.values()]
        for image, *numbers in zip(predictions.image_index, *texts):
            writer.writerow([*predictions.images[image], *numbers])


def read_predictions(path: str | Path, lenient: bool = False) -> Predictions:
    """Reads a predictions CSV of this project or of any DBTex group.

    A file without rows, with or without a header, is valid: nothing was found anywhere.

    Args:
        path: the CSV.
        lenient: leave unusable rows out and count them in ``Predictions.dropped`` instead of refusing the file.

    Raises:
        PredictionsError: the file is no such table, or (unless lenient) a row is unusable; names line and reason.
    """
    path = Path(path)
    dropped: Counter[str] = Counter()
    rows, faults = _parse_rows(path)
    rows = _handle(path, rows, faults + value_faults(rows.numbers), lenient, dropped)
    rows = _handle(path, rows, _disagreement_faults(rows), lenient, dropped)
    rows = _handle(path, rows, _repeat_faults(rows.image_index, rows.numbers), lenient, dropped)
    return replace(rows.as_predictions(), dropped=dict(dropped), source=str(path), lines=rows.lines)


@dataclass(frozen=True)
class _Rows:
    """Rows of the file as they were read: line numbers (N,), image keys, and (N,) numbers by column."""

    lines: np.ndarray
    keys: list[ImageKey]
    image_index: np.ndarray
    numbers: dict[str, np.ndarray]

    def keep(self, mask: np.ndarray) -> _Rows:
        numbers = {name: values[mask] for name, values in self.numbers.items()}
        return _Rows(self.lines[mask], self.keys, self.image_index[mask], numbers)

    def first_rows(self) -> tuple[np.ndarray, np.ndarray]:
        """Row at which each used image appears first, and (N,) position of each row's image among them."""
        _, first, index = np.unique(self.image_index, return_index=True, return_inverse=True)
        return first, index

    def as_predictions(self) -> Predictions:
        first, index = self.first_rows()
        image_scores = self.numbers.get(IMAGE_SCORE_COLUMN)
        return Predictions(
            images=tuple(self.keys[i] for i in self.image_index[first]),
            image_index=index.astype(np.int64),
            boxes_xywh=np.stack([self.numbers[name] for name in ('X', 'Y', 'Width', 'Height')], axis=1),
            z=self.numbers['Z'],
            depth=self.numbers['Depth'],
            scores=self.numbers['Score'],
            image_scores=None if image_scores is None else image_scores[first],
        )


def _parse_rows(path: Path) -> tuple[_Rows, list[Fault]]:
    """All rows, NaN for what is no number, and what is wrong with their text."""
    header, table, lines = _read_table(path)
    position = _column_positions(path, header)
    faults = []
    for i, row in enumerate(table):
        if len(row) != len(header):
            faults.append(Fault(i, f'number of cells is not the {len(header)} of the header', str(len(row))))
            table[i] = [*row, *[''] * len(header)]
    numbers = {}
    for name in [name for name in position if name not in _KEY_COLUMNS]:
        numbers[name], bad = _parse_numbers(name, [row[position[name]] for row in table])
        faults += bad
    patient, study, view = (position[name] for name in _KEY_COLUMNS)
    seen: dict[ImageKey, int] = {}
    index = np.empty(len(table), np.int64)
    for i, row in enumerate(table):
        key = ImageKey(row[patient].strip(), row[study].strip(), row[view].strip().lower())
        index[i] = seen.setdefault(key, len(seen))
        if not all(key):
            faults.append(Fault(i, 'PatientID, StudyUID or View is blank', str(key)))
    return _Rows(np.asarray(lines, np.int64), list(seen), index, numbers), faults


def _read_table(path: Path) -> tuple[list[str], list[list[str]], list[int]]:
    """Header, rows, and the line number of each row; blank lines are no rows."""
    from mammo_plugins.io.table_text import is_index_column, number_text, open_table  # its package loads pydicom

    table, lines = [], []
    try:
        with open_table(path) as text:
            for number, row in text.rows:
                table.append(row)
                lines.append(number)
    except (UnicodeDecodeError, csv.Error) as error:
        raise PredictionsError(f'{path} is no CSV text file: {error}') from error
    if not table:
        return list(COLUMNS), [], []
    header = [name or '' for name in table[0]]
    named = [place for place, name in enumerate(header) if not is_index_column(name)]
    rows = [[row[place] for place in named] if len(row) == len(header) else row for row in table[1:]]
    if text.has_decimal_commas:
        numbers = [place for place, name in enumerate(named) if header[name] not in _KEY_COLUMNS]
        for row in rows:
            for place in numbers:
                if place < len(row):
                    row[place] = number_text(row[place], has_decimal_commas=True)
    return [header[place] for place in named], rows, lines[1:]


def _column_positions(path: Path, header: list[str]) -> dict[str, int]:
    missing = [name for name in COLUMNS if name not in header]
    if missing:
        raise PredictionsError(
            f'{path} lacks the columns {", ".join(missing)}; it has {", ".join(header)}; '
            f'needed are {", ".join(COLUMNS)}'
        )
    repeated = [name for name, count in Counter(header).items() if count > 1]
    if repeated:
        raise PredictionsError(f'{path} has the column {repeated[0]!r} twice: remove one of them')
    return {name: header.index(name) for name in (*COLUMNS, IMAGE_SCORE_COLUMN) if name in header}


def _parse_numbers(name: str, texts: list[str]) -> tuple[np.ndarray, list[Fault]]:
    try:
        return np.array(list(map(float, texts)), np.float64), []
    except ValueError:
        pass
    values, faults = np.full(len(texts), np.nan), []
    for i, text in enumerate(texts):
        try:
            values[i] = float(text)
        except ValueError:
            faults.append(Fault(i, f'{name} is no number', repr(text)))
    return values, faults


def _disagreement_faults(rows: _Rows) -> list[Fault]:
    """Rows whose image score differs from that of the first row of their image."""
    values = rows.numbers.get(IMAGE_SCORE_COLUMN)
    if values is None:
        return []
    first, index = rows.first_rows()
    reason = 'ImageScore differs from that of the first row of the image'
    return [Fault(int(r), reason, f'{values[r]}') for r in np.flatnonzero(values != values[first][index])]


def _repeat_faults(image_index: np.ndarray, columns: dict[str, np.ndarray]) -> list[Fault]:
    repeated = np.flatnonzero(repeated_rows(image_index, columns))
    scores = columns['Score']
    return [Fault(int(r), 'row repeats an earlier row', f'score {scores[r]}') for r in repeated]


def _handle(path: Path, rows: _Rows, faults: list[Fault], lenient: bool, dropped: Counter[str]) -> _Rows:
    if not lenient:
        _refuse(path, faults, rows.lines)
    usable = np.ones(len(rows.lines), bool)
    for fault in faults:
        if usable[fault.row]:
            dropped[fault.reason] += 1
        usable[fault.row] = False
    return rows.keep(usable)


def _refuse(path: Path, faults: list[Fault], lines: np.ndarray) -> None:
    if not faults:
        return
    first = min(faults, key=lambda fault: fault.row)
    count = len({fault.row for fault in faults})
    raise PredictionsError(
        f'{path}, line {lines[first.row]}: {first}. {count} unusable rows in all; correct them, or read leniently '
        '(--lenient) to leave them out and count them'
    )


def _number_text(value: float) -> str:
    """Shortest text that reads back as the same float; whole numbers without a fraction."""
    return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
