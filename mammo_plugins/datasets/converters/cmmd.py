"""CMMD, the Chinese Mammography Database (TCIA): FFDM of women whose biopsy found a benign or malignant tumour.

The release is ``CMMD_clinicaldata_revision.xlsx``, a row a breast that was biopsied, and a folder of DICOM files a
patient, named by ``ID1``. Side and view stand in the headers alone: the side in Image Laterality, the view in View Code
Sequence. There are no boxes: a label belongs to a breast. There is no official split.

Source: Cui et al., The Chinese Mammography Database (CMMD), The Cancer Imaging Archive, 2021,
https://doi.org/10.7937/tcia.eqde-4b16.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mammo_plugins.io import AnnotationSet, ImageRecord, MammogramHeader
from mammo_plugins.io.slice_folder import is_dicom_file

from .conversion_report import ConversionError, ConversionReport
from .image_inspection import InspectedImage, inspect_images
from .patient_splits import DEFAULT_SHARES, split_patients
from .release_files import ReleaseFiles
from .release_sheet import read_sheet
from .release_table import RowError, TableRow
from .view_numbering import ViewNumbering

TABLE_STEM = 'CMMD_clinicaldata'
COLUMNS = ('ID1', 'LeftRight', 'Age', 'number', 'abnormality', 'classification', 'subtype')
ABNORMALITIES = ('calcification', 'mass', 'both')

_PATIENT = re.compile(r'D[12]-\d+')

Breast = tuple[str, str]
"""(ID1, L or R)."""


@dataclass
class _BreastLabels:
    """What the rows of one breast say."""

    row: TableRow
    images_announced: int | None
    labels: dict[str, Any]


def convert_cmmd(
    src: str | Path,
    *,
    split_shares: Sequence[float] = DEFAULT_SHARES,
    seed: int = 0,
    workers: int | None = None,
    show_progress: bool = True,
) -> AnnotationSet:
    """Annotations of a copy of the release, or of a part of it.

    Images of a breast that has no row (the other breast of a patient) are kept without labels and without split:
    nothing says that it is healthy, so it can neither train as a negative nor be scored.

    Args:
        src: folder with the table, and the patients' folders in it or below.
        split_shares: of the patients in train, validation and test.
        seed: of the splits.
        workers: processes that read headers; as many as processors where None.
        show_progress: a progress bar on standard error.

    Raises:
        ConversionError: no table, one that lacks a column or cannot be read, or no image.
        ValueError: impossible shares.
    """
    src = Path(src)
    report = ConversionReport()
    release = ReleaseFiles(src, report)
    table = _find_table(release)
    breasts = _read_breasts(table, report)
    patients = {patient for patient, _ in breasts}
    folders = _find_patients(release, patients, report)
    splits = split_patients(patients, split_shares, seed)  # of the table: a part of the release keeps its splits
    files = [(patient, path) for patient in sorted(folders) for path in _find_images(release, folders[patient])]
    inspected = inspect_images([path for _, path in files], [None] * len(files), workers, show_progress)
    images: list[ImageRecord] = []
    numbering = ViewNumbering()
    for (patient, path), found in zip(files, inspected, strict=True):
        where = path.relative_to(src).as_posix()
        if problem := _find_problem(found):
            report.drop(where, problem, 'images')
            continue
        images.append(_image_record(len(images) + 1, where, patient, found.header, splits[patient], breasts, numbering))
        if found.header.patient_id != patient:
            reason = f'the header says patient {found.header.patient_id!r}, the folder {patient}'
            report.note(where, reason, 'contradicting_patients')
    _compare_with_rows(images, breasts, report)
    return report.build(images, [], converter='cmmd', source=src, release='CMMD', tables=[table.name])


def _find_table(release: ReleaseFiles) -> Path:
    files = release.in_folder(release.src)
    found = [path for path in files if path.suffix in ('.csv', '.xlsx') and path.name.startswith(TABLE_STEM)]
    if not found:
        raise release.refusal(
            f'holds no table {TABLE_STEM}*.xlsx: download the clinical data of CMMD from The Cancer Imaging '
            'Archive into this folder'
        )
    if len({path.stem for path in found}) > 1:
        names = ', '.join(path.name for path in found)
        raise ConversionError(f'{release.src}: several tables: {names}; keep the newest')
    return found[0]  # a CSV that was saved from the workbook needs no package to be read


def _read_breasts(table: Path, report: ConversionReport) -> dict[Breast, _BreastLabels]:
    breasts: dict[Breast, _BreastLabels] = {}
    for row in read_sheet(table, COLUMNS[:2] + COLUMNS[4:6], report, COLUMNS):
        try:
            breast, read = _read_row(row)
        except ValueError as error:
            report.drop(row.where, str(error), 'rows')
            continue
        if breast in breasts:
            first = breasts[breast]
            report.note(row.where, f'joined with {first.row.where}: {" ".join(breast)}', 'breasts_of_several_rows')
            _join(first.labels, read.labels)
        else:
            breasts[breast] = read
    return breasts


def _read_row(row: TableRow) -> tuple[Breast, _BreastLabels]:
    patient, side = row.text('ID1'), row.text('LeftRight').upper()
    if not _PATIENT.fullmatch(patient):
        raise RowError(f'ID1 {patient!r} is not written like D1-0001')
    if side not in ('L', 'R'):
        raise RowError(f'LeftRight {side!r} is neither L nor R')
    classification = row.text('classification').lower()
    if classification not in ('malignant', 'benign'):
        raise RowError(f'classification {classification!r} is neither Malignant nor Benign')
    abnormality = row.text('abnormality').lower()
    if abnormality not in ABNORMALITIES:
        raise RowError(f'abnormality {abnormality!r} is none of {", ".join(ABNORMALITIES)}')
    labels = {
        'malignant': int(classification == 'malignant'),
        'benign': int(classification == 'benign'),
        'abnormality': abnormality,
    }
    if subtype := row.optional_text('subtype'):
        labels['subtype'] = subtype
    if (age := row.optional_integer('Age')) is not None:
        labels['age'] = age
    return (patient, side), _BreastLabels(row, row.optional_integer('number'), labels)


def _join(labels: dict[str, Any], others: dict[str, Any]) -> None:
    """A breast with a benign and a malignant row holds both."""
    for name in ('malignant', 'benign'):
        labels[name] = max(labels[name], others[name])
    if labels['abnormality'] != others['abnormality']:
        labels['abnormality'] = 'both'
    for name, value in others.items():
        labels.setdefault(name, value)


def _find_patients(release: ReleaseFiles, patients: set[str], report: ConversionReport) -> dict[str, Path]:
    """Folders of the patients in the table, found by looking for them: an id in the table never makes a path."""
    folders: dict[str, Path] = {}
    for folder in release.folders:
        *above, name = folder.relative_to(release.src).parts or ('',)
        if not _PATIENT.fullmatch(name) or any(map(_PATIENT.fullmatch, above)):
            continue
        where = folder.relative_to(release.src).as_posix()
        if name in folders:
            report.drop(where, f'repeats the folder {folders[name].relative_to(release.src).as_posix()}', 'folders')
        elif name not in patients:
            report.drop(where, 'no usable row for this patient in the table', 'folders')
        else:
            folders[name] = folder
    for patient in sorted(patients.difference(folders)):
        report.drop(patient, 'no folder of this patient', 'patients')
    return folders


def _find_images(release: ReleaseFiles, folder: Path) -> list[Path]:
    return [file for file in release.below(folder) if is_dicom_file(file)]


def _find_problem(found: InspectedImage) -> str | None:
    if found.problem:
        return found.problem
    if found.header.modality != 'FFDM':
        return f'is an image of modality {found.header.modality}, not FFDM'
    if (found.header.view_source or '').startswith('SeriesDescription'):
        return 'no side: only the Series Description names one, and a label must not hang on free text'
    return found.header.view_problem


def _image_record(
    number: int,
    file_name: str,
    patient: str,
    header: MammogramHeader,
    split: str,
    breasts: dict[Breast, _BreastLabels],
    numbering: ViewNumbering,
) -> ImageRecord:
    study = header.study_uid or 'unknown'
    breast = breasts.get((patient, header.view.laterality.value))
    return ImageRecord(
        id=number,
        file_name=file_name,
        width=header.columns,
        height=header.rows,
        num_slices=1,
        patient_id=patient,
        study_uid=study,
        view=str(header.view),
        modality='FFDM',
        view_name=numbering.name_next(header.view, patient, study, 'FFDM'),
        manufacturer=header.manufacturer,
        spacing_mm=header.spacing_mm,
        split=split if breast else None,
        labels=dict(breast.labels) if breast else {},
    )


def _compare_with_rows(
    images: Sequence[ImageRecord], breasts: dict[Breast, _BreastLabels], report: ConversionReport
) -> None:
    """Notes what the table and the folders do not agree on."""
    found = Counter((image.patient_id, image.view_key.laterality.value) for image in images)
    for breast, count in sorted(found.items()):
        if breast not in breasts:
            reason = f'{count} images without labels and split: the table has no row for this breast'
            report.note(' '.join(breast), reason, 'breasts_without_row')
    for breast, read in breasts.items():
        if breast not in found:
            report.drop(read.row.where, f'no image of {" ".join(breast)}', 'labels')
        elif read.images_announced not in (None, found[breast]):
            reason = f'number is {read.images_announced}, there are {found[breast]} images of {" ".join(breast)}'
            report.note(read.row.where, reason, 'breasts_with_other_number_of_images')
