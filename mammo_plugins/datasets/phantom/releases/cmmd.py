"""Phantoms as a CMMD release: FFDM in a folder a patient, and a workbook with a row a biopsied breast.

Source: Cui et al., The Chinese Mammography Database (CMMD), The Cancer Imaging Archive, 2021,
https://doi.org/10.7937/tcia.eqde-4b16; names of folders and columns as in the published release.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from pydicom import dcmread
from pydicom.sequence import Sequence as DicomSequence

from mammo_plugins.io.dicom_out.code_items import code_item

from ..bcs_dbt_release import FindingRow, ImageRow

COLUMNS = ('ID1', 'LeftRight', 'Age', 'number', 'abnormality', 'classification', 'subtype')
SUBTYPES = ('Luminal A', 'Luminal B', 'HER2-enriched', 'triple negative')
TABLE = 'CMMD_clinicaldata_revision.xlsx'

_LEGACY_VIEWS = {'CC': ('R-10242', 'cranio-caudal'), 'MLO': ('R-10226', 'medio-lateral oblique')}

Breast = tuple[str, str]


def write_cmmd(
    source: Path, folder: Path, images: Sequence[ImageRow], findings: Sequence[FindingRow], seed: int
) -> None:
    """Writes the FFDM of a phantom release as CMMD.

    Patients without any finding are left out: the release has none. Planted quirks: the view in View Code Sequence
    alone, in some files with its legacy code; a patient with one side only; the other breast of a patient without a
    row; types of both kinds in a breast; no boxes.

    Args:
        source: the phantom release.
        folder: empty folder to fill.
        images, findings: rows of the phantom release; other modalities are left out.
        seed: of the quirks.

    Raises:
        ModuleNotFoundError: openpyxl is not installed.
    """
    rng = np.random.default_rng(seed)
    breasts: dict[Breast, list[ImageRow]] = defaultdict(list)
    for row in images:
        if row.modality == 'FFDM':
            breasts[row.patient_id, row.view[0].upper()].append(row)
    labelled = [breast for breast, rows in breasts.items() if rows[0].malignant or rows[0].benign]
    patients = _name_patients(labelled, breasts, rng)
    sides = Counter(patient for patient, _ in labelled)
    one_sided = next((patient for patient, count in sides.items() if count == 1), None)
    table = []
    for (patient, side), rows in breasts.items():
        has_row = (patient, side) in labelled
        if patient not in patients or (patient == one_sided and not has_row):
            continue
        for row in rows:
            _copy_image(source / row.path, folder / 'CMMD' / patients[patient], row, patients[patient], rng)
        if has_row:
            kinds = {found.type for found in findings if (found.patient_id, found.view[0].upper()) == (patient, side)}
            table.append(_table_row(patients[patient], side, rows, kinds, rng))
    _write_table(folder / TABLE, table)


def _name_patients(
    labelled: Sequence[Breast], breasts: dict[Breast, list[ImageRow]], rng: np.random.Generator
) -> dict[str, str]:
    """``D2`` for some with cancer, whose subtype is known; ``D1`` for the others."""
    names: dict[str, str] = {}
    counts = {'D1': 0, 'D2': 0}
    for patient, _ in labelled:
        if patient in names:
            continue
        malignant = any(rows[0].malignant for (other, _), rows in breasts.items() if other == patient)
        part = 'D2' if malignant and rng.uniform() < 0.5 else 'D1'
        counts[part] += 1
        names[patient] = f'{part}-{counts[part]:04d}'
    return names


def _copy_image(source: Path, folder: Path, row: ImageRow, patient: str, rng: np.random.Generator) -> None:
    dataset = dcmread(source)
    dataset.PatientID = dataset.PatientName = patient
    del dataset.ViewPosition
    if rng.uniform() < 0.5:
        code, meaning = _LEGACY_VIEWS[row.view[1:].upper()]
        dataset.ViewCodeSequence = DicomSequence([code_item(code, meaning, 'SRT')])
    series = folder / f'07-18-2010-NA-NA-{row.study_id[-5:]}' / f'1.000000-NA-{row.study_id[-5:]}'
    series.mkdir(parents=True, exist_ok=True)
    number = 1 + len(list(series.iterdir()))
    dataset.save_as(series / f'1-{number}.dcm', enforce_file_format=True)


def _table_row(patient: str, side: str, rows: Sequence[ImageRow], kinds: set[str], rng: np.random.Generator) -> tuple:
    malignant = bool(rows[0].malignant)
    masses, calcifications = bool(kinds - {'calcification'}) or not kinds, 'calcification' in kinds
    abnormality = 'both' if masses and calcifications else 'mass' if masses else 'calcification'
    subtype = SUBTYPES[int(rng.integers(len(SUBTYPES)))] if malignant and patient.startswith('D2') else None
    classification = 'Malignant' if malignant else 'Benign'
    return patient, side, int(rng.integers(30, 80)), len(rows), abnormality, classification, subtype


def _write_table(path: Path, rows: Sequence[tuple]) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    for row in [COLUMNS, *sorted(rows, key=lambda row: row[:2])]:
        book.active.append(row)
    path.parent.mkdir(parents=True, exist_ok=True)
    book.save(path)
