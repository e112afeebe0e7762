"""Predictions on disk: the columns of the DBTex challenge, plus an optional probability of the whole image.

``PatientID,StudyUID,View,X,Width,Y,Height,Z,Depth,Score[,ImageScore][,Modality][,ImageNote][,MatchedLesion]``; X and Y
are the top-left corner in stored pixels of the source file, Z is the first slice and Depth the number of slices. This
project writes the predicted slice as Z with a Depth of 1, and every float with as many digits as reading it back
exactly takes. An image in which nothing was found keeps its image score in a row of its own, in which all columns from
X to Score are empty. ``Modality`` is there where a study shows a view in several modalities, and empty for the other
images. ``ImageNote`` is there where a model says how the prediction of an image came about. ``MatchedLesion`` is there
where a model says which findings of a breast are one lesion: the same number from 1 in each view, empty for the others.

Source: submission format of the DBTex challenge (Konz et al., JAMA Network Open 2023).
"""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from .predictions import (
    IMAGE_NOTE,
    IMAGE_SCORE,
    MATCHED_LESION,
    NO_AREA,
    Fault,
    ImageKey,
    ImagePredictions,
    Predictions,
    PredictionsError,
    drop_flat_boxes,
    gather_predictions,
    repeated_rows,
    value_faults,
)

__all__ = [
    'COLUMNS',
    'IMAGE_SCORE_COLUMN',
    'LESION_COLUMN',
    'MODALITY_COLUMN',
    'NOTE_COLUMN',
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
IMAGE_SCORE_COLUMN = IMAGE_SCORE
MODALITY_COLUMN = 'Modality'
NOTE_COLUMN = IMAGE_NOTE
LESION_COLUMN = MATCHED_LESION
_TEXT_COLUMNS = (*_KEY_COLUMNS, MODALITY_COLUMN, NOTE_COLUMN, LESION_COLUMN)


def write_predictions(path: str | Path, predictions: Predictions, boxes_only: bool = False) -> None:
    """Writes a CSV that :func:`read_predictions` reads back exactly; the file appears only when it is complete.

    Args:
        path: where it goes.
        predictions: what was found.
        boxes_only: leave image scores, notes and lesions out, and with the former the rows without a box: the
            challenge's own columns.

    Raises:
        PredictionsError: a value is invalid, a row occurs twice (``gather_predictions`` merges such rows), or only the
            modality tells two images apart, for which the challenge has no column.
    """
    from mammo_plugins.io.whole_file import whole_file  # its package loads pydicom, which metrics do without

    path = Path(path)
    if boxes_only:
        with_boxes = predictions.keep_images(~predictions.without_box)
        predictions = replace(with_boxes, image_scores=None, image_notes=None, lesions=None)
        if named := [key for key in predictions.images if key.modality]:
            raise PredictionsError(f'{named[0]}: a submission has no column for the modality: predict one of them')
    columns = predictions.columns
    faults = value_faults(columns) + _repeat_faults(predictions.image_index, columns)
    _refuse(path, faults, np.arange(len(predictions)) + 2)
    with whole_file(path) as unfinished, unfinished.open('w', newline='', encoding='utf-8') as file:
        writer = csv.writer(file, lineterminator='\n')
        with_modality = any(key.modality for key in predictions.images)
        notes, lesions = predictions.image_notes, predictions.lesions
        further = [*[MODALITY_COLUMN] * with_modality, *[NOTE_COLUMN] * (notes is not None)]
        further += [LESION_COLUMN] * (lesions is not None)
        writer.writerow([*_KEY_COLUMNS, *columns, *further])
        texts = [[_number_text(value) for value in values.tolist()] for values in columns.values()]
        rows = list(zip(*texts))
        for image, row in _in_order(predictions):
            *key, modality = predictions.images[image]
            numbers = _lone_score(predictions, image) if row < 0 else rows[row]
            texts_of_row = [*[modality] * with_modality, *([] if notes is None else [notes[image]])]
            if lesions is not None:
                texts_of_row.append(str(lesions[row]) if row >= 0 and lesions[row] > 0 else '')
            writer.writerow([*key, *numbers, *texts_of_row])


def _in_order(predictions: Predictions) -> list[tuple[int, int]]:
    """Image and row of each line; an image without a row has -1 and stands before the first row of the next image."""
    first = np.full(len(predictions.images), len(predictions))
    np.minimum.at(first, predictions.image_index, np.arange(len(predictions)))
    next_row = np.minimum.accumulate(first[::-1])[::-1]
    lines = [(row, 1, int(image), row) for row, image in enumerate(predictions.image_index)]
    lines += [(int(next_row[image]), 0, int(image), -1) for image in np.flatnonzero(predictions.without_box)]
    return [(image, row) for _, _, image, row in sorted(lines)]


def _lone_score(predictions: Predictions, image: int) -> list[str]:
    """The cells of an image without a box."""
    assert predictions.image_scores is not None, 'an image without row and score is no image of the predictions'
    return [*[''] * len(_NUMBER_COLUMNS), _number_text(float(predictions.image_scores[image]))]


def read_predictions(path: str | Path, lenient: bool = False) -> Predictions:
    """Reads a predictions CSV of this project or of any DBTex group.

    A file without rows, with or without a header, is valid: nothing was found anywhere. Boxes without area can hit
    nothing: they are left out and counted, as :func:`.gather_predictions` does.

    Args:
        path: the CSV.
        lenient: leave unusable rows out and count them in ``Predictions.dropped`` instead of refusing the file.

    Raises:
        PredictionsError: the file is no such table, or (unless lenient) a row is unusable; names line and reason.
    """
    path = Path(path)
    dropped: Counter[str] = Counter()
    rows, faults = _parse_rows(path)
    rows = _handle(path, rows, faults + rows.value_faults(), lenient, dropped)
    rows = _handle(path, rows, _disagreement_faults(rows), lenient, dropped)
    rows = _handle(path, rows, _note_faults(rows), lenient, dropped)
    rows = _handle(path, rows, _repeat_faults(rows.image_index, rows.comparable), lenient, dropped)
    rows = _handle(path, rows, _lone_faults(rows), lenient, dropped)
    predictions = replace(rows.as_predictions(), source=str(path), lines=rows.lines[rows.has_box])
    predictions, num_flat = drop_flat_boxes(predictions)
    return replace(predictions, dropped={**dropped, **({NO_AREA: num_flat} if num_flat else {})})


@dataclass(frozen=True)
class _Rows:
    """Rows of the file as they were read: line numbers (N,), image keys, and (N,) numbers by column.

    A row without a box (``has_box`` (N,) false) has NaN in all columns but the image score. ``notes`` (N,) are texts,
    ``lesions`` (N,) numbers, 0 for none; both are None where the file has no such column.
    """

    lines: np.ndarray
    keys: list[ImageKey]
    image_index: np.ndarray
    numbers: dict[str, np.ndarray]
    has_box: np.ndarray
    notes: np.ndarray | None = None
    lesions: np.ndarray | None = None

    def keep(self, mask: np.ndarray) -> _Rows:
        numbers = {name: values[mask] for name, values in self.numbers.items()}
        notes, lesions = (None if values is None else values[mask] for values in (self.notes, self.lesions))
        return _Rows(self.lines[mask], self.keys, self.image_index[mask], numbers, self.has_box[mask], notes, lesions)

    @property
    def comparable(self) -> dict[str, np.ndarray]:
        """The numbers with minus infinity, which no valid row has, for what a row without box lacks."""
        return {name: np.where(np.isnan(values), -np.inf, values) for name, values in self.numbers.items()}

    def value_faults(self) -> list[Fault]:
        """Numbers that cannot be used; those of a box are not asked of a row without one."""
        boxes = {name: np.where(self.has_box, values, 0.0) for name, values in self.numbers.items()}
        if IMAGE_SCORE in self.numbers:
            boxes[IMAGE_SCORE] = self.numbers[IMAGE_SCORE]
        return value_faults(boxes)

    def first_rows(self) -> tuple[np.ndarray, np.ndarray]:
        """Row at which each used image appears first, and (N,) position of each row's image among them."""
        _, first, index = np.unique(self.image_index, return_index=True, return_inverse=True)
        return first, index

    def as_predictions(self) -> Predictions:
        """The rows as arrays; images that have a row without a box keep their image score."""
        first, index = self.first_rows()
        image_scores = self.numbers.get(IMAGE_SCORE_COLUMN)
        numbers = {name: values[self.has_box] for name, values in self.numbers.items()}
        return Predictions(
            images=tuple(self.keys[i] for i in self.image_index[first]),
            image_index=index[self.has_box].astype(np.int64),
            boxes_xywh=np.stack([numbers[name] for name in ('X', 'Y', 'Width', 'Height')], axis=1),
            z=numbers['Z'],
            depth=numbers['Depth'],
            scores=numbers['Score'],
            image_scores=None if image_scores is None else image_scores[first],
            image_notes=None if self.notes is None else tuple(self.notes[first].tolist()),
            lesions=None if self.lesions is None else self.lesions[self.has_box],
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
    numbers: dict[str, np.ndarray] = {}
    has_box = ~_blank_boxes(table, position)
    for name in [name for name in position if name not in _TEXT_COLUMNS]:
        asked = has_box | (name == IMAGE_SCORE)
        texts = [row[position[name]] if asked[i] else 'nan' for i, row in enumerate(table)]
        numbers[name], bad = _parse_numbers(name, texts)
        faults += bad
    patient, study, view = (position[name] for name in _KEY_COLUMNS)
    modality = position.get(MODALITY_COLUMN)
    seen: dict[ImageKey, int] = {}
    index = np.empty(len(table), np.int64)
    for i, row in enumerate(table):
        kind = '' if modality is None else row[modality].strip().upper()
        key = ImageKey(row[patient].strip(), row[study].strip(), row[view].strip().lower(), kind)
        index[i] = seen.setdefault(key, len(seen))
        if not all(key[:3]):
            faults.append(Fault(i, 'PatientID, StudyUID or View is blank', str(key)))
    notes = None
    if NOTE_COLUMN in position:
        notes = np.array([row[position[NOTE_COLUMN]].strip() for row in table], dtype=object)
    lesions = None
    if LESION_COLUMN in position:
        lesions, bad = _parse_lesions([row[position[LESION_COLUMN]].strip() for row in table])
        faults += bad
    return _Rows(np.asarray(lines, np.int64), list(seen), index, numbers, has_box, notes, lesions), faults


def _parse_lesions(texts: list[str]) -> tuple[np.ndarray, list[Fault]]:
    """(N,) numbers, 0 where the text is empty, and what is no whole number from 1 on."""
    usable = [
        not text or (text.isascii() and text.isdigit() and 0 < len(text) < 10 and int(text) > 0) for text in texts
    ]
    numbers = [int(text) if text and is_usable else 0 for text, is_usable in zip(texts, usable)]
    reason = f'{LESION_COLUMN} is no whole number from 1 on'
    return np.array(numbers, np.int64), [Fault(i, reason, repr(texts[i])) for i, good in enumerate(usable) if not good]


def _blank_boxes(table: list[list[str]], position: dict[str, int]) -> np.ndarray:
    """(N,) rows that are there for their image score only."""
    if IMAGE_SCORE not in position:
        return np.zeros(len(table), bool)
    cells = [position[name] for name in _NUMBER_COLUMNS]
    return np.asarray([not any(row[cell].strip() for cell in cells) for row in table], bool)


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
        numbers = [place for place, name in enumerate(named) if header[name] not in _TEXT_COLUMNS]
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
    known = (*COLUMNS, IMAGE_SCORE_COLUMN, MODALITY_COLUMN, NOTE_COLUMN, LESION_COLUMN)
    return {name: header.index(name) for name in known if name in header}


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


def _note_faults(rows: _Rows) -> list[Fault]:
    """Rows whose note differs from that of the first row of their image."""
    if rows.notes is None:
        return []
    first, index = rows.first_rows()
    reason = f'{NOTE_COLUMN} differs from that of the first row of the image'
    return [Fault(int(r), reason, repr(rows.notes[r])) for r in np.flatnonzero(rows.notes != rows.notes[first][index])]


def _lone_faults(rows: _Rows) -> list[Fault]:
    """Rows without a box of images that have one in another row."""
    boxes = np.bincount(rows.image_index[rows.has_box], minlength=len(rows.keys)) > 0
    reason = 'row has no box, and another row of the image has one'
    return [
        Fault(int(r), reason, str(rows.keys[rows.image_index[r]]))
        for r in np.flatnonzero(~rows.has_box & boxes[rows.image_index])
    ]


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
