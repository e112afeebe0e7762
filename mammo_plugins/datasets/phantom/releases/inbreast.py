"""Phantoms as an INbreast release: FFDM, a table with semicolons, and outlines as property lists.

Source: Moreira et al., "INbreast: toward a full-field digital mammographic database", Academic Radiology 19(2), 2012;
names of files, columns and regions as in the published release.
"""

from __future__ import annotations

import csv
import hashlib
import plistlib
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from pydicom import dcmread

from ..bcs_dbt_release import FindingRow, ImageRow

COLUMNS = ('Patient ID', 'Patient age', 'Laterality', 'View', 'Acquisition date', 'File Name', 'ACR', 'Bi-Rads')
ROI_NAMES = {
    'mass': ('Mass',),
    'calcification': ('Cluster', 'Calcifications'),
    'distortion': ('Distortion',),
    'asymmetry': ('Asymmetry', 'Assymetry'),
}
SURROUNDING_NAMES = ('Spiculated Region', 'Espiculated Region')

_FIRST_FILE_NUMBER = 20586908
_ACQUISITION_DATE = '201001'
_SINGLE_CALCIFICATIONS = 4
_VIEWS_IN_NAMES = {'CC': 'CC', 'MLO': 'ML'}
_VIEW_TAGS = ('PatientID', 'PatientName', 'ImageLaterality', 'ViewPosition', 'ViewCodeSequence', 'PatientOrientation')


def write_inbreast(
    source: Path, folder: Path, images: Sequence[ImageRow], findings: Sequence[FindingRow], seed: int
) -> None:
    """Writes the FFDM of a phantom release as INbreast.

    Planted quirks: patient ids removed from table and headers, one blank ACR, one view FB, categories 4a, 4b, 4c and 6,
    ML for MLO in file names, several spellings of a name, marks of one and two points, and single calcifications.

    Args:
        source: the phantom release.
        folder: empty folder to fill.
        images, findings: rows of the phantom release; other modalities are left out.
        seed: of the quirks.
    """
    rng = np.random.default_rng(seed)
    rows = [row for row in images if row.modality == 'FFDM']
    for name in ('AllDICOMs', 'AllXML'):
        (folder / name).mkdir(parents=True)
    odd_view = next((index for index, row in enumerate(rows) if row.view == 'lcc' and not row.malignant), -1)
    without_density = int(rng.integers(len(rows))) if rows else -1
    table = []
    for index, row in enumerate(rows):
        number = _FIRST_FILE_NUMBER + 26 * index
        side, view = row.view[0].upper(), row.view[1:].upper()
        patient = hashlib.sha256(f'{seed}/{row.patient_id}'.encode()).hexdigest()[:16]
        name = f'{number}_{patient}_MG_{side}_{_VIEWS_IN_NAMES[view]}_ANON.dcm'
        _copy_anonymised(source / row.path, folder / 'AllDICOMs' / name)
        density = '' if index == without_density else str('ABCD'.index(row.density) + 1)
        shown_view = 'FB' if index == odd_view else view
        table.append(('removed', 'removed', side, shown_view, _ACQUISITION_DATE, number, density, _birads(row, rng)))
        found = [finding for finding in findings if _lies_in(finding, row)]
        if found:
            rois = _draw_rois(source, found, rng)
            content = {'Images': [{'ImageIndex': 0, 'NumberOfROIs': len(rois), 'ROIs': rois}]}
            (folder / 'AllXML' / f'{number}.xml').write_bytes(plistlib.dumps(content))
    with (folder / 'INbreast.csv').open('w', newline='', encoding='utf-8') as stream:
        writer = csv.writer(stream, delimiter=';', lineterminator='\n')
        writer.writerow(COLUMNS)
        writer.writerows(table)


def _birads(row: ImageRow, rng: np.random.Generator) -> str:
    """The category of a phantom, finer where the release is finer."""
    finer = {'4': ('4a', '4b', '4c'), '5': ('5', '5', '6')}.get(row.birads, (row.birads,))
    return finer[int(rng.integers(len(finer)))]


def _copy_anonymised(source: Path, target: Path) -> None:
    dataset = dcmread(source)
    for keyword in _VIEW_TAGS:
        if keyword in dataset:
            delattr(dataset, keyword)
    dataset.PatientID, dataset.PatientName = 'removed', 'removed'
    dataset.save_as(target, enforce_file_format=True)


def _lies_in(finding: FindingRow, row: ImageRow) -> bool:
    return (finding.patient_id, finding.study_id, finding.view, finding.modality) == (
        row.patient_id, row.study_id, row.view, row.modality,
    )  # fmt: skip


def _draw_rois(source: Path, findings: Sequence[FindingRow], rng: np.random.Generator) -> list[dict]:
    """An outline a finding, and around some what the release has beside them."""
    rois: list[dict] = []
    for finding in findings:
        outline = _outline(source / finding.mask)
        names = ROI_NAMES[finding.type]
        rois.append(_roi(names[int(rng.integers(len(names)))], outline))
        if finding.type == 'calcification':
            rois += _single_calcifications(outline, rng)
        if finding.type == 'mass' and finding.malignancy == 'malignant':
            rois.append(_roi(SURROUNDING_NAMES[int(rng.integers(2))], outline))
    rois.append(_roi('Unnamed', _outline(source / findings[0].mask)[:2]))
    return rois


def _single_calcifications(outline: np.ndarray, rng: np.random.Generator) -> list[dict]:
    """Small outlines inside a cluster, the last of them a mark of one point."""
    low, high = outline.min(axis=0), outline.max(axis=0)
    centres = rng.uniform(low, high, (_SINGLE_CALCIFICATIONS, 2))
    square = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)], dtype=float)
    drawn = [np.clip(centre + square, low, high + 1) for centre in centres[:-1]]
    return [_roi('Calcification', points) for points in [*drawn, centres[-1:]]]


def _outline(mask: Path) -> np.ndarray:
    """(n, 2) x and y along the border of a mask's largest part, from its first to its last pixel's far edge."""
    pixels = cv2.imread(str(mask), cv2.IMREAD_GRAYSCALE)
    y, x = np.nonzero(pixels)
    hull = cv2.convexHull(np.stack([np.r_[x, x + 1, x, x + 1], np.r_[y, y, y + 1, y + 1]], axis=1).astype(np.int32))
    return hull[:, 0].astype(float)


def _roi(name: str, points_xy: np.ndarray) -> dict:
    points = [f'({x:.6f}, {y:.6f})' for x, y in points_xy]
    return {'Name': name, 'NumberOfPoints': len(points), 'Point_px': points, 'Type': 15, 'IndexInImage': 0}
