"""The tables of the BCS-DBT release, with the project's own two beside them.

Source: Buda et al., "A data set and deep learning algorithm for the detection of masses and architectural distortions
in digital breast tomosynthesis images", JAMA Netw. Open 4 (2021); column names as in the published release.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from .release_plan import SPLITS

PATH_COLUMNS = ('PatientID', 'StudyUID', 'View', 'descriptive_path', 'classic_path')
LABEL_COLUMNS = ('PatientID', 'StudyUID', 'View', 'Normal', 'Actionable', 'Benign', 'Cancer')
BOX_COLUMNS = (
    'PatientID',
    'StudyUID',
    'View',
    'Subject',
    'Slice',
    'X',
    'Y',
    'Width',
    'Height',
    'Class',
    'AD',
    'VolumeSlices',
)


@dataclass(frozen=True)
class ImageRow:
    """One image of any modality; the fields are the columns of ``phantom-images.csv``.

    The last six are the nipple and two points of the chest wall, in stored pixels.
    """

    patient_id: str
    study_id: str
    view: str
    modality: str
    path: str
    split: str
    width: int
    height: int
    num_slices: int
    rotated_180: int
    manufacturer: str
    malignant: int
    benign: int
    birads: str
    density: str
    annotated: int
    nipple_x: float
    nipple_y: float
    chest_wall_x1: float
    chest_wall_y1: float
    chest_wall_x2: float
    chest_wall_y2: float


@dataclass(frozen=True)
class NormalRow:
    """A mammogram with findings and the same one without; the fields are the columns of ``phantom-normals.csv``."""

    patient_id: str
    study_id: str
    view: str
    path: str
    normal_path: str


@dataclass(frozen=True)
class FindingRow:
    """One finding in one image; the fields are the columns of ``phantom-findings.csv``, boxes in stored pixels.

    ``malignancy`` is called ``class`` there; ``birads`` is a column only where a finding has one.
    """

    patient_id: str
    study_id: str
    view: str
    modality: str
    finding_id: str
    malignancy: str
    type: str
    x: float
    y: float
    width: float
    height: float
    slice: int
    first_slice: int
    last_slice: int
    mask: str
    birads: str | None = None


@dataclass(frozen=True)
class ReleaseBox:
    """One row of the release's box table: pixels of the frame with the chest wall where the view name says."""

    split: str
    patient_id: str
    study_id: str
    view: str
    slice: int
    box_xywh: tuple[float, float, float, float]
    malignant: bool
    distortion: bool
    volume_slices: int


def write_tables(
    folder: Path,
    images: list[ImageRow],
    findings: list[FindingRow],
    boxes: list[ReleaseBox],
    actionable: set[tuple[str, str]],
    normals: list[NormalRow],
) -> None:
    """Writes the release's three tables for each split, and the project's two.

    Args:
        folder: the release.
        images: every image.
        findings: every annotated finding.
        boxes: findings of tomosynthesis volumes.
        actionable: ``(patient_id, side)`` of breasts without biopsied findings that were recalled.
        normals: mammograms without their findings; a table of them where there are some.
    """
    for split in SPLITS:
        volumes = [row for row in images if row.split == split and row.modality == 'DBT']
        _write(folder / f'BCS-DBT-file-paths-{split}.csv', PATH_COLUMNS, map(_path_row, volumes))
        _write(folder / f'BCS-DBT-labels-{split}.csv', LABEL_COLUMNS, (_label_row(row, actionable) for row in volumes))
        # The published training boxes carry no VolumeSlices; elsewhere numbers appear as floats.
        columns = BOX_COLUMNS[:-1] if split == 'train' else BOX_COLUMNS
        rows = [_box_row(box, as_floats=split != 'train')[: len(columns)] for box in boxes if box.split == split]
        _write(folder / f'BCS-DBT-boxes-{split}.csv', columns, rows)
    _write(folder / 'phantom-images.csv', ImageRow.__dataclass_fields__, (vars(row).values() for row in images))
    _write_findings(folder / 'phantom-findings.csv', findings)
    if normals:
        _write(folder / 'phantom-normals.csv', NormalRow.__dataclass_fields__, (vars(row).values() for row in normals))


def _write_findings(path: Path, findings: list[FindingRow]) -> None:
    graded = any(row.birads is not None for row in findings)
    names = [name for name in FindingRow.__dataclass_fields__ if graded or name != 'birads']
    columns = ['class' if name == 'malignancy' else name for name in names]
    _write(path, columns, ([getattr(row, name) for name in names] for row in findings))


def _path_row(row: ImageRow) -> tuple[str, ...]:
    descriptive = (
        f'Breast-Cancer-Screening-DBT/{row.patient_id}/01-01-2000-{row.study_id}-MAMMO screening digital bilateral/'
        f'{row.view.upper()} tomosynthesis/1-1.dcm'
    )
    return row.patient_id, row.study_id, row.view, descriptive, row.path


def _label_row(row: ImageRow, actionable: set[tuple[str, str]]) -> tuple:
    recalled = (row.patient_id, row.view[0]) in actionable
    cancer, benign = row.malignant, int(row.benign and not row.malignant)
    flagged = int(recalled and not cancer and not benign)
    return row.patient_id, row.study_id, row.view, int(not (cancer or benign or flagged)), flagged, benign, cancer


def _box_row(box: ReleaseBox, as_floats: bool) -> tuple:
    x, y, width, height = (round(value) for value in box.box_xywh)
    numbers = tuple(float(n) if as_floats else n for n in (box.slice, x, y, max(1, width), max(1, height)))
    slices = float(box.volume_slices) if as_floats else box.volume_slices
    subject = int(box.patient_id[5:])
    return (
        box.patient_id,
        box.study_id,
        box.view,
        subject,
        *numbers,
        'cancer' if box.malignant else 'benign',
        int(box.distortion),
        slices,
    )


def _write(path: Path, columns: Iterable[str], rows: Iterable[Iterable]) -> None:
    with path.open('w', newline='', encoding='utf-8') as stream:
        writer = csv.writer(stream, lineterminator='\n')
        writer.writerow(columns)
        writer.writerows(rows)
