"""Phantoms as a VinDr-Mammo release: FFDM in a folder a study, BI-RADS instead of pathology, three tables.

Source: Nguyen et al., Scientific Data 10:277, 2023; names of folders and columns as in the published release.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from pydicom import dcmread

from ..bcs_dbt_release import FindingRow, ImageRow
from .release_rows import pair_with_findings, write_rows

_IMAGE_COLUMNS = (
    'study_id', 'series_id', 'image_id', 'laterality', 'view_position', 'height', 'width', 'breast_birads',
    'breast_density', 'split',
)  # fmt: skip
_BOX_EDGES = ('xmin', 'ymin', 'xmax', 'ymax')
_FINDING_COLUMNS = (*_IMAGE_COLUMNS[:9], 'finding_categories', 'finding_birads', *_BOX_EDGES, 'split')
_METADATA_COLUMNS = ('SOP Instance UID', 'Manufacturer', "Manufacturer's Model Name", 'Imager Pixel Spacing')
_CATEGORIES = {
    'mass': 'Mass',
    'calcification': 'Suspicious Calcification',
    'distortion': 'Architectural Distortion',
    'asymmetry': 'Focal Asymmetry',
}
_SPLITS = {'train': 'training', 'validation': 'training', 'test': 'test'}
_LARGEST_OVERHANG_PX = 4


def write_vindr_mammo(
    source: Path, folder: Path, images: Sequence[ImageRow], findings: Sequence[FindingRow], seed: int
) -> None:
    """Writes the FFDM of a phantom release as VinDr-Mammo; validation becomes training, and headers stay as they are.

    Planted quirks: a box that reaches over the border of its image, a finding of several categories, a retracted
    nipple without BI-RADS, and a row ``No Finding`` without box for each image without findings.

    Args:
        source: the phantom release.
        folder: empty folder to fill.
        images, findings: rows of the phantom release; other modalities are left out.
        seed: of the quirks and of the ids.
    """
    rng = np.random.default_rng(seed)
    pairs = pair_with_findings(images, findings)
    image_rows, finding_rows, metadata_rows = [], [], []
    for image, found in pairs:
        row = _image_row(image, seed)
        target = folder / 'images' / row['study_id'] / f'{row["image_id"]}.dicom'
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / image.path, target)
        image_rows.append(row)
        metadata_rows.append(_metadata_row(source / image.path, row['image_id']))
        if found:
            finding_rows += [_finding_row(row, finding, image.birads) for finding in found]
        else:
            finding_rows.append({**row, 'finding_categories': "['No Finding']"})
    finding_rows += _plant_quirks([row for row in finding_rows if 'xmin' in row], rng)
    write_rows(folder / 'breast-level_annotations.csv', _IMAGE_COLUMNS, image_rows)
    write_rows(folder / 'finding_annotations.csv', _FINDING_COLUMNS, finding_rows)
    write_rows(folder / 'metadata.csv', _METADATA_COLUMNS, metadata_rows)


def _image_row(image: ImageRow, seed: int) -> dict[str, object]:
    return {
        'study_id': _hash(seed, image.study_id),
        'series_id': _hash(seed, image.study_id, 'series'),
        'image_id': _hash(seed, image.study_id, image.view),
        'laterality': image.view[0].upper(),
        'view_position': image.view[1:].upper(),
        'height': image.height,
        'width': image.width,
        'breast_birads': f'BI-RADS {image.birads}',
        'breast_density': f'DENSITY {image.density}',
        'split': _SPLITS[image.split],
    }


def _hash(seed: int, *parts: str) -> str:
    return hashlib.sha256('/'.join([str(seed), *parts]).encode()).hexdigest()[:32]


def _metadata_row(path: Path, image_id: object) -> dict[str, object]:
    tags = ['Manufacturer', 'ManufacturerModelName', 'ImagerPixelSpacing']
    header = dcmread(path, stop_before_pixels=True, specific_tags=tags)
    return {
        'SOP Instance UID': image_id,
        'Manufacturer': header.Manufacturer,
        "Manufacturer's Model Name": header.ManufacturerModelName,
        'Imager Pixel Spacing': str([float(value) for value in header.ImagerPixelSpacing]),
    }


def _finding_row(row: dict[str, object], finding: FindingRow, breast_birads: str) -> dict[str, object]:
    """The release marks findings from BI-RADS 3 on, so that benign ones are 3 whatever the breast is."""
    return {
        **row,
        'finding_categories': str([_CATEGORIES[finding.type]]),
        'finding_birads': f'BI-RADS {breast_birads if finding.malignancy == "malignant" else 3}',
        'xmin': finding.x,
        'ymin': finding.y,
        'xmax': round(finding.x + finding.width, 2),
        'ymax': round(finding.y + finding.height, 2),
    }


def _plant_quirks(rows: list[dict], rng: np.random.Generator) -> list[dict]:
    """Changes rows, and gives those to add."""
    if not rows:
        return []
    retracted = {**rows[0], 'finding_categories': "['Nipple Retraction']", 'finding_birads': ''}
    several = rows[int(rng.integers(len(rows)))]
    several['finding_categories'] = several['finding_categories'].replace(']', ", 'Skin Thickening']")
    overhang = float(rng.integers(1, _LARGEST_OVERHANG_PX + 1))
    distances = [
        (distance, number, edge)
        for number, row in enumerate(rows)
        for edge, distance in (
            ('xmin', row['xmin']),
            ('ymin', row['ymin']),
            ('xmax', row['width'] - row['xmax']),
            ('ymax', row['height'] - row['ymax']),
        )
    ]
    _, number, edge = min(distances)
    borders = {'xmin': 0, 'ymin': 0, 'xmax': rows[number]['width'], 'ymax': rows[number]['height']}
    rows[number][edge] = borders[edge] + (overhang if edge.endswith('max') else -overhang)
    return [retracted]
