"""Predicted labels of images, breasts and left/right pairs, and their CSV.

``PatientID,StudyUID,View`` and a column a label; in place of ``View`` (the release's name, such as ``lcc``) stands
``Side`` (``L``, ``R``) for a breast and ``Pair`` (``CC``, ``MLO``) for both breasts in one projection. A label that is
there or not is one column with its probability (``malignant``). A label with K classes is K columns with their
probabilities in the order of the classes (``birads=1``, ``birads=2``, ...), which add up to 1; ``density=A/B`` is a
class of both. A blank cell: not predicted. ``Modality`` follows ``View`` where a study shows a view in several
modalities, and is empty for a row that speaks of the view in all of them.

Glossary: n rows.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .predictions import PredictionsError

UNITS = ('View', 'Side', 'Pair')
_IDS = ('PatientID', 'StudyUID')
_MODALITY = 'Modality'
_SUM_TOLERANCE = 1e-3  # of the probabilities of all classes


class LabelKey(NamedTuple):
    """What a row speaks of: ``name`` is that of a view in lower case, a side, or a projection."""

    patient_id: str
    study_uid: str
    name: str
    modality: str = ''

    def __str__(self) -> str:
        return '/'.join(self[:3]) + (f' ({self.modality})' if self.modality else '')


@dataclass(frozen=True)
class LabelPredictions:
    """Probabilities of labels.

    Args:
        unit: one of :data:`UNITS`: what a row speaks of.
        keys: (n,) rows.
        columns: column name to (n,) probabilities, NaN where not predicted.
        source: file that they are from, empty where they are from none.

    Raises:
        PredictionsError: a row occurs twice, a value is no probability, or those of all classes do not add up to 1.
    """

    unit: str
    keys: tuple[LabelKey, ...]
    columns: dict[str, np.ndarray]
    source: str = ''

    def __post_init__(self) -> None:
        if self.unit not in UNITS:
            raise PredictionsError(f'labels are predicted for one of {", ".join(UNITS)}, got {self.unit!r}')
        seen: set[LabelKey] = set()
        for key in self.keys:
            if key in seen:
                raise PredictionsError(f'{self._where}{self.unit} {key} has labels twice: give each once')
            seen.add(key)
        for name, values in self.columns.items():
            for row in np.flatnonzero((values < 0) | (values > 1) | np.isinf(values)):
                raise PredictionsError(
                    f'{self._where}{self.unit} {self.keys[row]}: {name} is no probability: {values[row]}'
                )
        for label, classes in self.labels.items():
            if classes:
                self._check_classes(label)

    def _check_classes(self, label: str) -> None:
        values = self.probabilities(label)
        known = ~np.isnan(values)
        partly = known.any(axis=1) & ~known.all(axis=1)
        wrong = known.all(axis=1) & (np.abs(values.sum(axis=1) - 1) > _SUM_TOLERANCE)
        for row in np.flatnonzero(partly | wrong):
            raise PredictionsError(
                f'{self._where}{self.unit} {self.keys[row]}: the classes of {label} have the probabilities '
                f'{values[row].tolist()}: give all of them, adding up to 1'
            )

    @property
    def _where(self) -> str:
        return f'{self.source}: ' if self.source else ''

    @property
    def labels(self) -> dict[str, tuple[str, ...]]:
        """Label to its classes in order, none for a label that is there or not."""
        found: dict[str, tuple[str, ...]] = {}
        for name in self.columns:
            label, is_class, value = name.partition('=')
            if label in found and bool(found[label]) != bool(is_class):
                raise PredictionsError(f'{self._where}the label {label} has columns with and without classes')
            found[label] = (*found.get(label, ()), value) if is_class else ()
        return found

    def probabilities(self, label: str) -> np.ndarray:
        """(n,) of a label that is there or not, (n, K) of one with K classes; NaN where not predicted."""
        classes = self.labels[label]
        if not classes:
            return self.columns[label]
        return np.stack([self.columns[f'{label}={value}'] for value in classes], axis=1)

    def keep(self, mask: np.ndarray | Sequence[bool]) -> LabelPredictions:
        """The rows for which ``mask`` (n,) is true."""
        return self.take(np.flatnonzero(mask))

    def take(self, rows: np.ndarray) -> LabelPredictions:
        """Some rows in another order."""
        columns = {name: values[rows] for name, values in self.columns.items()}
        return replace(self, keys=tuple(self.keys[row] for row in rows), columns=columns)


def gather_labels(unit: str, rows: Iterable[tuple[LabelKey, Mapping[str, float]]]) -> LabelPredictions:
    """Joins the labels of single images, breasts or pairs.

    Raises:
        PredictionsError: see :class:`LabelPredictions`.
    """
    rows = list(rows)
    names = list(dict.fromkeys(name for _, values in rows for name in values))
    columns = {name: np.asarray([float(values.get(name, np.nan)) for _, values in rows]) for name in names}
    return LabelPredictions(unit, tuple(key for key, _ in rows), columns)


def write_labels(path: str | Path, predictions: LabelPredictions) -> None:
    """Writes a CSV that :func:`read_labels` reads back exactly; the file appears only when it is complete."""
    from mammo_plugins.io.whole_file import whole_file  # its package loads pydicom, which metrics do without

    with whole_file(path) as unfinished, unfinished.open('w', newline='', encoding='utf-8') as file:
        writer = csv.writer(file, lineterminator='\n')
        with_modality = any(key.modality for key in predictions.keys)
        writer.writerow([*_IDS, predictions.unit, *[_MODALITY] * with_modality, *predictions.columns])
        for row, key in enumerate(predictions.keys):
            values = [float(column[row]) for column in predictions.columns.values()]
            shown = key if with_modality else key[:3]
            writer.writerow([*shown, *('' if np.isnan(value) else repr(value) for value in values)])


def is_label_file(path: str | Path) -> bool:
    """Whether a CSV holds labels and not detections, by its header: ids and no box."""
    with open(path, newline='', encoding='utf-8-sig', errors='replace') as file:
        header = {name.strip() for name in next(csv.reader(file), [])}
    return set(_IDS) <= header and bool(header & set(UNITS)) and not header & {'X', 'Width', 'Score'}


def read_labels(path: str | Path) -> LabelPredictions:
    """Reads a CSV of labels.

    Raises:
        PredictionsError: the file is no such table; names line and reason.
    """
    try:
        with open(path, newline='', encoding='utf-8-sig') as file:
            reader = csv.reader(file)
            header = [name.strip() for name in next(reader, [])]
            table = [(reader.line_num, row) for row in reader if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise PredictionsError(f'{path} is no CSV text file: {error}') from error
    units = [unit for unit in UNITS if unit in header]
    names = [name for name in header if name not in (*_IDS, _MODALITY, *units)]
    if not set(_IDS) <= set(header) or len(units) != 1 or not names or len(set(header)) < len(header) or '' in header:
        raise PredictionsError(
            f'{path} has the columns {", ".join(header)}; needed are PatientID, StudyUID, one of {", ".join(UNITS)}, '
            'and a column a label, each once'
        )
    rows = [_parse(path, line, dict(zip(header, row)), units[0], names, len(row), len(header)) for line, row in table]
    columns = {name: np.asarray([values[name] for _, values in rows], np.float64) for name in names}
    return LabelPredictions(units[0], tuple(key for key, _ in rows), columns, str(path))


def _parse(
    path: str | Path, line: int, cells: dict[str, str], unit: str, names: list[str], count: int, wanted: int
) -> tuple[LabelKey, dict[str, float]]:
    if count != wanted:
        raise PredictionsError(f'{path}, line {line}: number of cells is not the {wanted} of the header: {count}')
    name = cells[unit].strip()
    patient_id, study_uid = (cells[column].strip() for column in _IDS)
    modality = cells.get(_MODALITY, '').strip().upper()
    key = LabelKey(patient_id, study_uid, name.lower() if unit == 'View' else name.upper(), modality)
    if not all(key[:3]):
        raise PredictionsError(f'{path}, line {line}: PatientID, StudyUID or {unit} is blank')
    values = {}
    for column in names:
        text = cells[column].strip()
        try:
            values[column] = float(text or 'nan')
        except ValueError:
            raise PredictionsError(f'{path}, line {line}: {column} is no number: {text!r}') from None
    return key, values
