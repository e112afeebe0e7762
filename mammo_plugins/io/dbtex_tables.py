"""The truth in the tables of the DBTex challenge and of BCS-DBT, for scoring without images or annotation file.

Labels: ``PatientID,StudyUID,View,Normal,Actionable,Benign,Cancer``, a row a volume. Boxes: ``PatientID,StudyUID,View,
Subject,Slice,X,Y,Width,Height,Class,AD,VolumeSlices``, a row a box. Boxes and predictions are both measured in the
frame of the release, so nothing is turned here.

Source: BCS-DBT, https://doi.org/10.7937/e4wt-cd02.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from mammo_plugins.structures import ViewKey

from .annotation_records import AnnotationSet, FindingRecord, ImageRecord
from .csv_table import RowError, TableRow, read_csv_table

KEY = ('PatientID', 'StudyUID', 'View')
LABEL_NAMES = ('Normal', 'Actionable', 'Benign', 'Cancer')
BOX_EDGES = ('X', 'Y', 'Width', 'Height')
_CATEGORIES = {'cancer': 'malignant', 'benign': 'benign'}

VolumeKey = tuple[str, str, str]


def volume_key(row: TableRow) -> VolumeKey:
    """(PatientID, StudyUID, View) of a row, the view in lower case.

    Raises:
        RowError: one of them is empty.
    """
    return row.text('PatientID'), row.text('StudyUID'), row.text('View').lower()


def label_flags(row: TableRow) -> dict[str, int]:
    """The four labels of a volume, one of which is 1.

    Raises:
        RowError: they are not one-hot.
    """
    flags = {name: row.flag(name) for name in LABEL_NAMES}
    if sum(flags.values()) != 1:
        raise RowError(f'{"/".join(LABEL_NAMES)} is {"/".join(map(str, flags.values()))}, not one-hot')
    return flags


def box_category(row: TableRow) -> str:
    """``malignant`` or ``benign``.

    Raises:
        RowError: the class is another.
    """
    category = row.text('Class').lower()
    if category not in _CATEGORIES:
        raise RowError(f'Class {row.values["Class"]!r} is none of {", ".join(_CATEGORIES)}')
    return _CATEGORIES[category]


def box_slice(row: TableRow, num_slices: int) -> int:
    """The annotated slice, from 0.

    Raises:
        RowError: the volume has no such slice.
    """
    slice_index = row.integer('Slice')
    if not 0 <= slice_index < num_slices:
        raise RowError(f'Slice {slice_index} is outside 0 to {num_slices - 1}')
    return slice_index


def box_xywh(row: TableRow) -> tuple[float, float, float, float]:
    """The box as it is drawn, in the frame of the release.

    Raises:
        RowError: an edge is no number.
    """
    x, y, width, height = (row.number(name) for name in BOX_EDGES)
    return x, y, width, height


def read_dbtex_tables(labels: str | Path, boxes: str | Path) -> AnnotationSet:
    """Volumes and findings of both tables, to be scored; not to be written, since the tables know of no pixels.

    Width and height are 0, and so is the number of slices of a volume without box, which no protocol asks for.

    Args:
        labels: CSV with a row a volume; these are the evaluated volumes.
        boxes: CSV with a row a box.

    Raises:
        ValueError: a table lacks a column, or a row is unusable, repeats another, or belongs to no volume; the message
            names file and line.
    """
    images: dict[VolumeKey, ImageRecord] = {}
    for row in _read_rows(labels, (*KEY, *LABEL_NAMES)):
        try:
            key, image = _volume(row, len(images) + 1)
            if key in images:
                raise RowError(f'{" ".join(key)} has a row already')
        except ValueError as error:
            raise ValueError(f'{row.where}: {error}') from None
        images[key] = image
    findings = []
    for row in _read_rows(boxes, (*KEY, 'Slice', *BOX_EDGES, 'Class', 'VolumeSlices')):
        try:
            key = volume_key(row)
            if key not in images:
                raise RowError(f'{" ".join(key)} is not in {Path(labels).name}')
            images[key] = _with_length(images[key], row.integer('VolumeSlices'))
            findings.append(_finding(row, images[key]))
        except ValueError as error:
            raise ValueError(f'{row.where}: {error}') from None
    return AnnotationSet(list(images.values()), findings, {'release': 'BCS-DBT'})


def _read_rows(path: str | Path, columns: Sequence[str]) -> list[TableRow]:
    def refuse(where: str, reason: str, kind: str) -> None:
        if kind != 'columns':  # one that nobody reads does no harm
            raise ValueError(f'{where}: {reason}')

    return read_csv_table(Path(path), columns, ('Subject', 'AD'), refuse)


def _volume(row: TableRow, number: int) -> tuple[VolumeKey, ImageRecord]:
    patient, study, view = key = volume_key(row)
    flags = label_flags(row)
    return key, ImageRecord(
        id=number,
        file_name='',
        width=0,
        height=0,
        num_slices=0,
        patient_id=patient,
        study_uid=study,
        view=str(ViewKey.parse(view)),
        modality='DBT',
        view_name=view,
        labels={'malignant': flags['Cancer'], 'benign': flags['Benign']},
    )


def _with_length(image: ImageRecord, num_slices: int) -> ImageRecord:
    if num_slices < 1 or image.num_slices not in (0, num_slices):
        before = f'; an earlier box says {image.num_slices}' if image.num_slices else ''
        raise RowError(f'VolumeSlices is {num_slices}{before}')
    return replace(image, num_slices=num_slices)


def _finding(row: TableRow, image: ImageRecord) -> FindingRecord:
    category, slice_index = box_category(row), box_slice(row, image.num_slices)
    x, y, width, height = box_xywh(row)
    if min(width, height) <= 0:
        raise RowError(f'Width and Height are {width:g} and {height:g}, not above 0')
    return FindingRecord(
        image_id=image.id,
        category=category,
        bbox_xywh=(x, y, width, height),
        slice_index=slice_index,
        attributes={'type': 'distortion' if row.values.get('AD') and row.flag('AD') else 'mass'},
    )
