"""Phantoms as an EMBED Open Data release: FFDM and C-View by cohort and patient, a clinical and a metadata table.

Source: Jeong et al., Radiology: Artificial Intelligence 5(1), 2023, and the data descriptor of the Open Data release;
names of folders and columns as published.
"""

from __future__ import annotations

import ast
import shutil
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import numpy as np
from pydicom import dcmread

from mammo_plugins.io.image_source import read_mammogram
from mammo_plugins.io.orientation import chest_wall_side

from ..bcs_dbt_release import FindingRow, ImageRow
from .release_rows import pair_with_findings, write_rows

_CLINICAL_COLUMNS = (
    'empi_anon', 'acc_anon', 'study_date_anon', 'desc', 'tissueden', 'asses', 'numfind', 'side', 'total_L_find',
    'total_R_find', 'massshape', 'massmargin', 'massdens', 'calcfind', 'calcdistri', 'bside', 'path_severity',
)  # fmt: skip
_METADATA_COLUMNS = (
    'empi_anon', 'acc_anon', 'anon_dicom_path', 'study_date_anon', 'StudyDescription', 'FinalImageType',
    'ImageLateralityFinal', 'ViewPosition', 'spot_mag', 'num_roi', 'ROI_coords', 'SRC_DST', 'match_level', 'Rows',
    'Columns', 'ImagerPixelSpacing', 'Manufacturer',
)  # fmt: skip
_KINDS = {'FFDM': '2D', 'SM': 'cview'}
_DESCRIPTORS = {
    'mass': {'massshape': 'X', 'massmargin': 'S', 'massdens': '+'},
    'calcification': {'calcfind': 'I', 'calcdistri': 'G'},
    'distortion': {'massshape': 'A'},
    'asymmetry': {'massshape': 'F'},
}
_ARCHIVE = '/archive/anon_dicom'  # paths of the release start where its tables were made, on no user's disk
_DESCRIPTION = 'MG Screening Bilateral'
_DATE = '2013-07-31'

Breasts = dict[str, list[tuple[ImageRow, list[FindingRow]]]]
"""Images of an exam with their findings, by side."""


def write_embed(
    source: Path, folder: Path, images: Sequence[ImageRow], findings: Sequence[FindingRow], seed: int
) -> None:
    """Writes FFDM and synthetic mammograms of a phantom release as EMBED Open Data; headers stay as they are.

    Planted quirks: regions in the frame of PNG files whose chest wall is left, while right breasts' files have it
    right; paths of an archive elsewhere; regions with y first, one nested deeper; a row of a screenshot whose
    file is no part of the release; a magnification view; an image whose size the table lacks; findings of side ``B``
    and without a side; densities as floats; a recalled breast without pathology; a negative breast without a row.

    Args:
        source: the phantom release.
        folder: empty folder to fill.
        images, findings: rows of the phantom release; DBT is left out.
        seed: of the quirks and of the ids.
    """
    rng = np.random.default_rng(seed)
    exams: dict[str, Breasts] = defaultdict(lambda: {'L': [], 'R': []})
    for image, found in pair_with_findings(images, findings, tuple(_KINDS)):
        exams[image.study_id][image.view[0].upper()].append((image, found))
    clinical, metadata = [], []
    recalled, unwritten = _choose_odd_breasts(exams, rng)
    ids = rng.permutation(10**6)
    for place, (study, breasts) in enumerate(exams.items()):
        exam = {'empi_anon': 10_000_000 + ids[2 * place], 'acc_anon': 10**15 + ids[2 * place + 1]}
        exam['study_date_anon'] = _DATE
        sides = {'recalled': recalled.get(study), 'unwritten': unwritten.get(study)}
        clinical += _clinical_rows(exam, breasts, **sides, rng=rng)
        for pair in (*breasts['L'], *breasts['R']):
            metadata.append(_copy_image(source, folder, exam, place, *pair))
    _plant_quirks(folder, metadata, rng)
    (folder / 'tables').mkdir(parents=True)
    write_rows(folder / 'tables/EMBED_OpenData_clinical.csv', _CLINICAL_COLUMNS, clinical)
    write_rows(folder / 'tables/EMBED_OpenData_metadata.csv', _METADATA_COLUMNS, metadata)


def _is_suspicious(breast: list[tuple[ImageRow, list[FindingRow]]]) -> bool:
    return any(image.malignant or image.benign for image, _ in breast)


def _choose_odd_breasts(exams: dict[str, Breasts], rng: np.random.Generator) -> tuple[dict[str, str], dict[str, str]]:
    """Study to side of a breast to recall, and of one not to write a row for, both without findings."""
    harmless = [
        (study, side)
        for study, breasts in exams.items()
        for side, breast in breasts.items()
        if breast and not _is_suspicious(breast)
    ]
    chosen = [harmless[place] for place in rng.permutation(len(harmless))]
    others = [(study, side) for study, side in chosen[1:] if study != chosen[0][0]]
    return dict(chosen[:1]), dict(others[:1])


def _clinical_rows(
    exam: dict, breasts: Breasts, recalled: str | None, unwritten: str | None, rng: np.random.Generator
) -> list[dict]:
    """A row a finding; one for both breasts where they are alike and nothing is found."""
    images = {side: breast[0][0] for side, breast in breasts.items() if breast}
    common = {**exam, 'desc': _DESCRIPTION, 'tissueden': f'{"ABCD".index(next(iter(images.values())).density) + 1}.0'}
    letters = {side: 'N' if image.birads == '1' else 'B' for side, image in images.items()}
    is_harmless = not (recalled or unwritten or any(map(_is_suspicious, breasts.values())))
    if is_harmless and len(set(letters.values())) == 1:
        letter = letters.popitem()[1]
        return [{**common, 'asses': letter, 'numfind': 1, 'side': {'N': '', 'B': 'B'}[letter]}]
    rows = []
    for side, image in images.items():
        row = {**common, 'side': side, 'asses': 'A'}
        if side == recalled:
            rows.append({**row, 'massshape': 'F'})
        elif _is_suspicious(breasts[side]):
            for is_malignant, descriptors in _distinct_findings(image, breasts[side]):
                severity = int(rng.integers(2)) if is_malignant else 4
                rows.append({**row, 'bside': side, 'path_severity': f'{severity}.0', **descriptors})
        elif side != unwritten:
            rows.append({**row, 'asses': letters[side]})
    return [{**row, 'numfind': number} for number, row in enumerate(rows, start=1)]


def _distinct_findings(image: ImageRow, breast: list[tuple[ImageRow, list[FindingRow]]]) -> list[tuple[bool, dict]]:
    """Whether each finding of a breast is malignant, and its descriptors; one where the phantoms withhold the boxes."""
    found = {finding.finding_id: finding for _, findings in breast for finding in findings}
    if not found:
        return [(bool(image.malignant), {})]
    return [(finding.malignancy == 'malignant', _DESCRIPTORS[finding.type]) for finding in found.values()]


def _copy_image(
    source: Path, folder: Path, exam: dict, place: int, image: ImageRow, found: list[FindingRow]
) -> dict[str, object]:
    _, study_uid, series_uid, _ = PurePosixPath(image.path).parts
    name = f'cohort_{1 + place % 2}/{exam["empi_anon"]}/{study_uid}/{series_uid}/{series_uid}.1.dcm'
    target = folder / 'images' / name
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source / image.path, target)
    header = dcmread(target, stop_before_pixels=True, specific_tags=['ImagerPixelSpacing'])
    regions = tuple(_region(finding) for finding in found)
    if regions and chest_wall_side(read_mammogram(target, voi='none').pixels) == 'right':
        regions = tuple((top, image.width - right, bottom, image.width - left) for top, left, bottom, right in regions)
    return {
        **exam,
        'anon_dicom_path': f'{_ARCHIVE}/{name}',
        'StudyDescription': _DESCRIPTION,
        'FinalImageType': _KINDS[image.modality],
        'ImageLateralityFinal': image.view[0].upper(),
        'ViewPosition': image.view[1:].upper(),
        'spot_mag': 0,
        'num_roi': len(regions),
        'ROI_coords': str(regions),
        'SRC_DST': str([f'{_ARCHIVE}/screenshot.dcm'] * len(regions)),
        'match_level': str([1 if image.modality == 'FFDM' else 2] * len(regions)),
        'Rows': image.height,
        'Columns': image.width,
        'ImagerPixelSpacing': str([float(value) for value in header.ImagerPixelSpacing]),
        'Manufacturer': image.manufacturer,
    }


def _region(finding: FindingRow) -> tuple[int, int, int, int]:
    """(ymin, xmin, ymax, xmax) in whole pixels."""
    top, left = round(finding.y), round(finding.x)
    return top, left, max(top + 1, round(finding.y + finding.height)), max(left + 1, round(finding.x + finding.width))


def _plant_quirks(folder: Path, metadata: list[dict], rng: np.random.Generator) -> None:
    if not metadata:
        return
    metadata[int(rng.integers(len(metadata)))].update(Rows='', Columns='')
    whole = metadata[int(rng.integers(len(metadata)))]
    enlarged = whole['anon_dicom_path'].replace('.dcm', '.9.dcm')
    names = [row.removeprefix(f'{_ARCHIVE}/') for row in (whole['anon_dicom_path'], enlarged)]
    shutil.copyfile(folder / 'images' / names[0], folder / 'images' / names[1])
    metadata.append(
        {**whole, 'anon_dicom_path': enlarged, 'spot_mag': 1, 'num_roi': 0, 'ROI_coords': '()', 'match_level': '[]'}
    )
    marked = [row for row in metadata if row['num_roi']]
    if marked:
        row = marked[int(rng.integers(len(marked)))]
        screenshot = row['anon_dicom_path'].replace('.dcm', '.8.dcm')
        metadata.append({**row, 'FinalImageType': 'ROI_SSC', 'anon_dicom_path': screenshot})
        row['ROI_coords'] = str(([list(region) for region in ast.literal_eval(row['ROI_coords'])],))
