"""RSNA Screening Mammography Breast Cancer Detection (Kaggle, 2022): cancer by breast, no boxes.

``train_images/{patient_id}/{image_id}.dcm`` with ``train.csv``, a row an image; ``test.csv`` and ``test_images`` alike,
but without labels and, outside the competition, with the first rows only. No exam is named: all images of a patient
count as one. Sizes stand in headers only.

Source: RSNA AI Challenge Data, Screening Mammography Breast Cancer Detection, 2022;
https://www.kaggle.com/competitions/rsna-breast-cancer-detection.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mammo_plugins.io import AnnotationSet, ImageRecord, MammogramHeader
from mammo_plugins.structures import ViewKey

from .birads_labels import read_birads, read_density
from .conversion_report import ConversionError, ConversionReport
from .image_inspection import inspect_images
from .patient_splits import DEFAULT_SHARES, split_patients
from .release_files import ReleaseFiles
from .release_table import RowError, TableRow, read_table
from .view_numbering import ViewNumbering

TRAIN_TABLE, TEST_TABLE = 'train.csv', 'test.csv'
TEST_COLUMNS = ('site_id', 'patient_id', 'image_id', 'laterality', 'view', 'age', 'implant', 'machine_id')
TRAIN_COLUMNS = (*TEST_COLUMNS, 'cancer', 'biopsy', 'invasive', 'BIRADS', 'density', 'difficult_negative_case')

_MAX_AGE = 120
_FLAGS = {'0': 0, '1': 1, '0.0': 0, '1.0': 1, 'false': 0, 'true': 1}


@dataclass(frozen=True)
class _Listed:
    """A row of a table whose file exists."""

    row: TableRow
    path: Path
    view: ViewKey
    split: str | None
    labels: dict[str, Any]

    @property
    def patient_id(self) -> str:
        return self.row.values['patient_id']


def convert_rsna_2022(
    src: str | Path,
    *,
    split_shares: Sequence[float] = DEFAULT_SHARES,
    seed: int = 0,
    workers: int | None = None,
    show_progress: bool = True,
) -> AnnotationSet:
    """Annotations of a copy of the release, or of a part of it.

    The labels of the official test images are not public, so the patients of ``train.csv`` are dealt out to train,
    validation and test; images of ``test.csv`` are kept without label and without split.

    Args:
        src: folder with ``train.csv`` and ``train_images``.
        split_shares: shares of patients in train, validation and test.
        seed: of the split.
        workers: processes that read headers; as many as processors where None.
        show_progress: a progress bar on standard error.

    Raises:
        ConversionError: no table, a table that lacks a column, impossible shares, or no image.
    """
    src = Path(src)
    report = ConversionReport()
    files = ReleaseFiles(src, report)
    tables = [name for name in (TRAIN_TABLE, TEST_TABLE) if (src / name).is_file()]
    if TRAIN_TABLE not in tables:
        raise files.refusal(f'holds no {TRAIN_TABLE}: give the folder of the unpacked archive from Kaggle')
    listed = _list_images(files, split_shares, seed, report)
    inspected = inspect_images([image.path for image in listed], [None] * len(listed), workers, show_progress)
    numbering = ViewNumbering()
    images: list[ImageRecord] = []
    for image, found in zip(listed, inspected, strict=True):
        name = image.path.relative_to(src).as_posix()
        problem = found.problem or _wrong_kind(found.header)
        if problem:
            report.drop(image.row.where, f'{name}: {problem}', 'images')
            continue
        images.append(_image_record(len(images) + 1, name, image, found.header, numbering))
    return report.build(
        images, [], converter='rsna-2022', source=src, release='RSNA Screening Mammography 2022', tables=tables
    )


def _list_images(
    files: ReleaseFiles, split_shares: Sequence[float], seed: int, report: ConversionReport
) -> list[_Listed]:
    src = files.src
    train = read_table(src / TRAIN_TABLE, TRAIN_COLUMNS, report)
    test = []
    if (src / TEST_TABLE).is_file():
        test = read_table(src / TEST_TABLE, TEST_COLUMNS, report, optional=('prediction_id',))
    try:
        split_of = split_patients((row.values['patient_id'] for row in train), split_shares, seed)
    except ValueError as error:
        raise ConversionError(str(error)) from error
    listed: list[_Listed] = []
    first: dict[str, str] = {}
    for folder, rows, labelled in (('train_images', train, True), ('test_images', test, False)):
        for row in rows:
            try:
                if (number := row.text('image_id')) in first:
                    raise RowError(f'repeats {first[number]}: image {number}')
                image = _list_image(files, folder, row, split_of if labelled else None)
            except ValueError as error:
                report.drop(row.where, str(error), 'images')
                continue
            first[number] = row.where
            listed.append(image)
            if not labelled:
                report.note(row.where, 'has no labels and is in no split', 'images_without_labels')
    return listed


def _list_image(files: ReleaseFiles, folder: str, row: TableRow, split_of: dict[str, str] | None) -> _Listed:
    """An image with its labels; without them where ``split_of`` is None."""
    patient = row.text('patient_id')
    view = ViewKey.parse(f'{row.text("laterality")}-{row.text("view")}')
    labels = _exam_labels(row)
    if split_of is not None:
        labels.update(_breast_labels(row))
    path = files.find(f'{folder}/{patient}/{row.text("image_id")}.dcm')
    return _Listed(row, path, view, None if split_of is None else split_of[patient], labels)


def _exam_labels(row: TableRow) -> dict[str, Any]:
    age = row.number('age') if row.values['age'] else None
    if age is not None and not 0 <= age <= _MAX_AGE:
        raise RowError(f'age {age:g} is not between 0 and {_MAX_AGE} years')
    labels = {
        'site_id': row.optional_text('site_id'),
        'machine_id': row.optional_text('machine_id'),
        'implant': _optional_flag(row, 'implant'),
        'age': None if age is None else int(age),
    }
    return {name: value for name, value in labels.items() if value is not None}


def _breast_labels(row: TableRow) -> dict[str, Any]:
    """Labels of the breast. BI-RADS here is 0 (recalled), 1 (negative) or 2 (normal); one of the sites gives none."""
    cancer, biopsy = row.flag('cancer'), _optional_flag(row, 'biopsy')
    birads, density = row.optional_text('BIRADS'), row.optional_text('density')
    labels = {
        'malignant': cancer,
        # A biopsy without cancer proves a benign finding; a breast with cancer may hold one too, which nobody noted.
        'benign': None if cancer else biopsy,
        'birads': read_birads(birads) if birads else None,
        'density': read_density(density) if density else None,
        'biopsy': biopsy,
        'invasive': _optional_flag(row, 'invasive'),
        'difficult_negative_case': _optional_flag(row, 'difficult_negative_case'),
    }
    return {name: value for name, value in labels.items() if value is not None}


def _optional_flag(row: TableRow, column: str) -> int | None:
    """0 or 1, also where it is written ``False`` or ``True``; None where the field is empty."""
    text = row.optional_text(column)
    if text is None:
        return None
    if text.lower() not in _FLAGS:
        raise RowError(f'{column} {text!r} is neither 0 nor 1, False nor True')
    return _FLAGS[text.lower()]


def _wrong_kind(header: MammogramHeader | None) -> str | None:
    if header is None or header.modality in ('FFDM', 'SM'):
        return None
    return f'is an image of modality {header.modality}, not a mammogram'


def _image_record(
    number: int, name: str, image: _Listed, header: MammogramHeader, numbering: ViewNumbering
) -> ImageRecord:
    patient = image.patient_id
    return ImageRecord(
        id=number,
        file_name=name,
        width=header.columns,
        height=header.rows,
        num_slices=1,
        patient_id=patient,
        study_uid=patient,
        view=str(image.view),
        modality=header.modality,
        view_name=numbering.name_next(image.view, patient, patient, header.modality),
        manufacturer=header.manufacturer,
        spacing_mm=header.spacing_mm,
        split=image.split,
        labels=image.labels,
    )
