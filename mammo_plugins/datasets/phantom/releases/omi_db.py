"""Phantoms as a part of OMI-DB: DICOM by client and study, with records of images and of screening as JSON.

Source: documentation of the owners' ``omidb`` package, https://scicomcore.bitbucket.io/omidb/structure.html.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from pydicom import Dataset, dcmread
from pydicom.uid import DigitalMammographyXRayImageStorageForProcessing, generate_uid

from ..bcs_dbt_release import FindingRow, ImageRow

CONSPICUITIES = ('Obvious', 'Subtle', 'Very_subtle')
FLAGS = {
    'mass': 'Mass', 'calcification': 'SuspiciousCalcifications', 'distortion': 'ArchitecturalDistortion',
    'asymmetry': 'FocalAsymmetry',
}  # fmt: skip

_EPISODE, _EARLIER_EPISODE = '2', '1'
_DATE = '2000-01-01'
_OPINIONS = {'M': ('Malignant', 'B5'), 'B': ('Benign', 'B2')}
_OPINION_KEYS = {'L': 'left_opinion', 'R': 'right_opinion'}


def write_omi_db(
    source: Path, folder: Path, images: Sequence[ImageRow], findings: Sequence[FindingRow], seed: int
) -> None:
    """Writes the FFDM of a phantom release as OMI-DB.

    Planted quirks: an unprocessed copy of each client's first image; an interval cancer; records named in capitals;
    copies of headers named ``.json`` and ``.dcm.json``; an earlier episode without images; numbers as texts; lesion
    numbers that link marks of two views.

    Args:
        source: the phantom release.
        folder: empty folder to fill.
        images, findings: rows of the phantom release; other modalities are left out.
        seed: of the quirks.
    """
    rng = np.random.default_rng(seed)
    clients: dict[str, list[ImageRow]] = defaultdict(list)
    for row in images:
        if row.modality == 'FFDM':
            clients[row.patient_id].append(row)
    with_cancer = [patient for patient, rows in clients.items() if any(row.malignant for row in rows)]
    for number, (patient, rows) in enumerate(clients.items(), start=1):
        name = f'{"demd" if rng.uniform() < 0.5 else "optm"}{number}'
        lesions = _number_lesions([found for found in findings if found.patient_id == patient])
        studies = _write_images(source, folder, name, rows, findings, lesions, rng)
        record = _screening_record(name, rows, lesions, patient in with_cancer[:1])
        data = folder / 'data' / name
        capitals = number == 1
        for kind, content in (('imagedb', {'ClientID': name, 'Site': 'adde', 'STUDIES': studies}), ('nbss', record)):
            kind = kind.upper() if capitals else kind
            (data / f'{kind}_{name}.json').write_text(json.dumps(content, indent=1), encoding='utf-8')


def _number_lesions(findings: Sequence[FindingRow]) -> dict[str, tuple[str, str, str]]:
    """Lesion number, side and M or B of each finding id, the same in both views."""
    lesions: dict[str, tuple[str, str, str]] = {}
    for found in findings:
        if found.finding_id not in lesions:
            status = 'M' if found.malignancy == 'malignant' else 'B'
            lesions[found.finding_id] = (str(len(lesions) + 1), found.view[0].upper(), status)
    return lesions


def _write_images(
    source: Path,
    folder: Path,
    name: str,
    rows: Sequence[ImageRow],
    findings: Sequence[FindingRow],
    lesions: dict[str, tuple[str, str, str]],
    rng: np.random.Generator,
) -> dict:
    """The images of a client and what its image record says of them."""
    studies: dict[str, dict] = {}
    for index, row in enumerate(rows):
        dataset = dcmread(source / row.path)
        dataset.PatientID = dataset.PatientName = name
        study = studies.setdefault(dataset.StudyInstanceUID, {'EpisodeID': _EPISODE, 'StudyDate': _DATE})
        marks = [_mark(found, lesions, rng) for found in findings if _lies_in(found, row)]
        study[dataset.SeriesInstanceUID] = {
            dataset.SOPInstanceUID: {str(mark['MarkID']): mark for mark in marks} if marks else None
        }
        _save(folder, name, dataset, '.json' if rng.uniform() < 0.5 else '.dcm.json')
        if index == 0:
            study.update(_save_unprocessed(folder, name, dataset))
    return studies


def _save_unprocessed(folder: Path, name: str, dataset: Dataset) -> dict:
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = DigitalMammographyXRayImageStorageForProcessing
    dataset.PresentationIntentType = 'FOR PROCESSING'
    dataset.SOPInstanceUID = generate_uid(entropy_srcs=[dataset.SOPInstanceUID, 'for processing'])
    dataset.SeriesInstanceUID = generate_uid(entropy_srcs=[dataset.SeriesInstanceUID, 'for processing'])
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    _save(folder, name, dataset, '.json')
    return {dataset.SeriesInstanceUID: {dataset.SOPInstanceUID: None}}


def _save(folder: Path, name: str, dataset: Dataset, json_suffix: str) -> None:
    image = folder / 'images' / name / dataset.StudyInstanceUID / f'{dataset.SOPInstanceUID}.dcm'
    copy = folder / 'data' / name / dataset.StudyInstanceUID / f'{dataset.SOPInstanceUID}{json_suffix}'
    for path in (image, copy):
        path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(image, enforce_file_format=True)
    header = Dataset()
    header.update({element.tag: element for element in dataset if element.keyword != 'PixelData'})
    copy.write_text(json.dumps(header.to_json_dict()), encoding='utf-8')


def _lies_in(finding: FindingRow, row: ImageRow) -> bool:
    return (finding.patient_id, finding.study_id, finding.view, finding.modality) == (
        row.patient_id, row.study_id, row.view, row.modality,
    )  # fmt: skip


def _mark(found: FindingRow, lesions: dict[str, tuple[str, str, str]], rng: np.random.Generator) -> dict:
    left, top = round(found.x), round(found.y)
    right, bottom = max(left + 1, round(found.x + found.width)), max(top + 1, round(found.y + found.height))
    return {
        **{flag: flag if kind == found.type else None for kind, flag in FLAGS.items()},
        'MarkID': int(rng.integers(1, 10**9)),
        'LinkedNBSSLesionNumber': lesions[found.finding_id][0],
        'Conspicuity': CONSPICUITIES[int(rng.integers(len(CONSPICUITIES)))],
        'MassClassification': 'spiculated' if found.type == 'mass' else None,
        'BenignClassification': None,
        'X1': str(left), 'Y1': str(top), 'X2': str(right), 'Y2': str(bottom),
        'Width': str(right - left), 'Height': str(bottom - top),
    }  # fmt: skip


def _screening_record(
    name: str, rows: Sequence[ImageRow], lesions: dict[str, tuple[str, str, str]], interval: bool
) -> dict:
    """Two episodes: one whose images are not there, and that of the images with its events."""
    status = {}
    for row in rows:
        status[row.view[0].upper()] = 'M' if row.malignant else 'B' if row.benign else 'N'
    episode: dict = {'EpisodeType': 'CI' if interval else 'R', 'EpisodeIsClosed': 'Y', 'EpisodeOpenedDate': _DATE}
    if not interval:
        episode['SCREENING'] = {side: {'DateTaken': _DATE, 'Opinion': 'RN'} for side in status}
    if set(status.values()) != {'N'}:
        event: dict = {'dateperformed': _DATE}
        for side, value in status.items():
            event[_OPINION_KEYS[side]] = _OPINIONS[value][0] if value in _OPINIONS else None
        for number, side, value in lesions.values():
            event.setdefault(side, {})[number] = {'DatePerformed': _DATE, 'Opinion': _OPINIONS[value][1]}
            description = {'LesionDescription': 'Mass'}
            episode.setdefault('LESION', {}).setdefault(side, {})[number] = description
        episode['BIOPSYWIDE'] = event
    # An episode elsewhere found nothing; its images were never collected.
    earlier = {'EpisodeType': 'F', 'EpisodeOpenedDate': '1997-01-01', 'SCREENING': {'L': {}, 'R': {}}}
    return {
        'ClientID': name,
        'Classification': 'CI' if interval else min(status.values(), key='MBN'.index),
        _EARLIER_EPISODE: earlier,
        _EPISODE: episode,
    }
