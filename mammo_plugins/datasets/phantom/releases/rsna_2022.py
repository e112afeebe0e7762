"""Phantoms as an RSNA 2022 release: FFDM in a folder a patient, labels by breast and no boxes.

Source: RSNA AI Challenge Data, Screening Mammography Breast Cancer Detection, 2022; names of folders and columns as in
the published release.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from pydicom import dcmread

from ..bcs_dbt_release import FindingRow, ImageRow
from .release_rows import write_rows

_EXAM_COLUMNS = ('site_id', 'patient_id', 'image_id', 'laterality', 'view', 'age')
_TRAIN_COLUMNS = (
    *_EXAM_COLUMNS, 'cancer', 'biopsy', 'invasive', 'BIRADS', 'implant', 'density', 'machine_id',
    'difficult_negative_case',
)  # fmt: skip
_TEST_COLUMNS = (*_EXAM_COLUMNS, 'implant', 'machine_id', 'prediction_id')
EXTRA_VIEWS = ('AT', 'LM', 'ML', 'LMO')
_REMOVED_TAGS = ('Manufacturer', 'ManufacturerModelName', 'DeviceSerialNumber', 'SoftwareVersions', 'StudyID')
_FIRST_PATIENT, _FIRST_IMAGE = 10000, 1_000_000_000
_BIRADS = {'1': '1.0', '2': '2.0'}


def write_rsna_2022(
    source: Path, folder: Path, images: Sequence[ImageRow], findings: Sequence[FindingRow], seed: int
) -> None:
    """Writes the FFDM of a phantom release as RSNA 2022; maker and study leave the headers.

    Planted quirks: a view AT, LM, ML and LMO each and a repeated view beside the four of a patient; no BI-RADS and no
    density at site 2; one unknown age; one patient in ``test.csv`` without labels; difficult negative cases.

    Args:
        source: the phantom release.
        folder: empty folder to fill.
        images: rows of the phantom release; other modalities are left out.
        findings: of no use here, since the release marks none.
        seed: of the quirks and of the ids.
    """
    rng = np.random.default_rng(seed)
    shown = [row for row in images if row.modality == 'FFDM']
    hidden = _choose_test_patient(shown, rng)
    listed = [(row, row.view[1:].upper()) for row in shown]
    labelled = [row for row in shown if row.patient_id != hidden]
    extra_views = (*EXTRA_VIEWS, 'CC')
    places = rng.permutation(len(labelled))[: len(extra_views)]
    listed += [(labelled[place], view) for place, view in zip(places, extra_views, strict=False)]
    without_age = int(rng.integers(len(listed))) if listed else 0
    numbers = _FIRST_IMAGE + rng.permutation(10 * len(listed))
    train, test = [], []
    for place, (row, view) in enumerate(listed):
        is_test = row.patient_id == hidden
        entry = _exam_row(row, view, int(numbers[place]))
        if place == without_age:
            entry['age'] = ''
        _copy_without_maker(source / row.path, folder, 'test_images' if is_test else 'train_images', entry)
        if is_test:
            test.append({**entry, 'prediction_id': f'{entry["patient_id"]}_{entry["laterality"]}'})
        else:
            train.append({**entry, **_breast_row(row, rng)})
    write_rows(folder / 'train.csv', _TRAIN_COLUMNS, train)
    write_rows(folder / 'test.csv', _TEST_COLUMNS, test)


def _choose_test_patient(rows: Sequence[ImageRow], rng: np.random.Generator) -> str | None:
    """A patient of the phantoms' test split, unless nobody else would be left."""
    patients = sorted({row.patient_id for row in rows if row.split == 'test'})
    if not patients or len({row.patient_id for row in rows}) < 2:
        return None
    return patients[int(rng.integers(len(patients)))]


def _exam_row(row: ImageRow, view: str, image_id: int) -> dict[str, object]:
    number = int(row.patient_id[5:])
    return {
        'site_id': _site(row),
        'patient_id': _FIRST_PATIENT + number,
        'image_id': image_id,
        'laterality': row.view[0].upper(),
        'view': view,
        'age': float(40 + number % 40),
        'implant': 0,
        'machine_id': ord(row.manufacturer[-1]),
    }


def _site(row: ImageRow) -> int:
    return 1 + int(row.patient_id[5:]) % 2


def _breast_row(row: ImageRow, rng: np.random.Generator) -> dict[str, object]:
    biopsied = row.malignant or row.benign
    has_details = _site(row) == 1
    return {
        'cancer': row.malignant,
        'biopsy': int(biopsied),
        'invasive': int(row.malignant and rng.uniform() < 0.7),
        'BIRADS': _BIRADS.get(row.birads, '0.0') if has_details else '',
        'density': row.density if has_details else '',
        'difficult_negative_case': str(bool(row.benign and not row.malignant)),
    }


def _copy_without_maker(source: Path, folder: Path, images: str, entry: dict[str, object]) -> None:
    target = folder / images / str(entry['patient_id']) / f'{entry["image_id"]}.dcm'
    target.parent.mkdir(parents=True, exist_ok=True)
    dataset = dcmread(source)
    for keyword in _REMOVED_TAGS:
        if keyword in dataset:
            delattr(dataset, keyword)
    dataset.PatientID, dataset.PatientName = str(entry['patient_id']), ''
    dataset.save_as(target, enforce_file_format=True)
