"""INbreast (Centro Hospitalar de S. Joao, Porto): 410 FFDM of 115 cases with outlined findings.

The release is ``INbreast.csv`` (or ``INbreast.xls``), a row an image; ``AllDICOMs``, where a file is named
``<File Name>_<patient hash>_MG_<R|L>_<CC|ML>_ANON.dcm`` and ML means MLO; and ``AllXML``, where ``<File Name>.xml``
holds the outlines of an image that has any. There is no pathology and no official split. The table's patient ids are
removed, so patients are told apart by the hash in the file names.

Source: Moreira et al., "INbreast: toward a full-field digital mammographic database", Academic Radiology 19(2), 2012,
https://doi.org/10.1016/j.acra.2011.09.014.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mammo_plugins.io import AnnotationSet, FindingRecord, ImageRecord, MammogramHeader
from mammo_plugins.structures import ViewKey

from ..birads_labels import birads_category, read_birads, read_density
from ..box_clipping import clip_box
from ..conversion_report import ConversionReport
from ..image_inspection import inspect_images
from ..patient_splits import DEFAULT_SHARES, split_patients
from ..release_files import ReleaseFiles
from ..release_sheet import read_sheet
from ..release_table import RowError, TableRow
from ..view_numbering import ViewNumbering
from .rois import Roi, parse_roi, read_roi_file

TABLES = ('INbreast.csv', 'INbreast.xls', 'INbreast.xlsx')
IMAGE_FOLDER, ROI_FOLDER = 'AllDICOMs', 'AllXML'
COLUMNS = ('Laterality', 'View', 'Acquisition date', 'File Name', 'ACR', 'Bi-Rads')
# Read by nobody: removed in the public copy, notes in Portuguese, or said better by the outlines.
OTHER_COLUMNS = (
    'Patient ID', 'Patient age', 'Mass', 'Micros', 'Distortion', 'Asymmetry', 'Findings Notes (in Portuguese)',
    'Other Annotations', 'Other Notes', 'Lesion Annotation Status', 'Pectoral Muscle Annotation',
)  # fmt: skip

_FILE_NAME = re.compile(r'(\d+)_([0-9a-z]+)_MG_([LR])_(CC|MLO?|FB)_ANON\.dcm', re.IGNORECASE)
_POSITIONS = {'ML': 'MLO'}


@dataclass(frozen=True)
class _File:
    """An image file, by its name."""

    path: Path
    patient: str
    side: str
    position: str


@dataclass(frozen=True)
class _Image:
    """A row of the table whose file exists."""

    row: TableRow
    file: _File
    number: str
    view: ViewKey
    study: str
    labels: dict[str, Any]


def convert_inbreast(
    src: str | Path,
    *,
    malignant_from: str | int = 4,
    single_calcifications: bool = False,
    split_shares: Sequence[float] = DEFAULT_SHARES,
    seed: int = 0,
    workers: int | None = None,
    show_progress: bool = True,
) -> AnnotationSet:
    """Annotations of a copy of the release.

    Args:
        src: folder with the table, ``AllDICOMs`` and ``AllXML``.
        malignant_from: lowest BI-RADS category of an image (1 to 6, 4a, 4b, 4c) that makes it and its findings
            malignant; a category, not a pathology.
        single_calcifications: include the outlines of single calcifications, thousands of a few pixels each. Without
            them clusters, masses, distortions, asymmetries and the rest remain.
        split_shares: of the patients in train, validation and test.
        seed: of the splits.
        workers: processes that read headers; as many as processors where None.
        show_progress: a progress bar on standard error.

    Raises:
        ConversionError: a folder or the table is missing, the table lacks a column, or there is no image.
        ValueError: an unknown BI-RADS category, or impossible shares.
    """
    src = Path(src)
    threshold = _suspicion(read_birads(str(malignant_from)))
    report = ConversionReport()
    release = ReleaseFiles(src, report)
    table = _find_table(release)
    files = _index_files(release, report)
    rows = _read_images(table, files, threshold, report)
    splits = split_patients((image.file.patient for image in rows), split_shares, seed)
    inspected = inspect_images([image.file.path for image in rows], [None] * len(rows), workers, show_progress)
    _report_unused_outlines(release, rows, report)
    images, findings, numbering = [], [], ViewNumbering()
    for image, found in zip(rows, inspected, strict=True):
        problem = found.problem or _wrong_kind(found.header)
        if problem:
            report.drop(image.row.where, f'{image.file.path.name}: {problem}', 'images')
            continue
        name = numbering.name_next(image.view, image.file.patient, image.study, 'FFDM')
        record = _image_record(len(images) + 1, src, image, name, found.header, splits[image.file.patient])
        images.append(record)
        findings += _read_findings(src / ROI_FOLDER / f'{image.number}.xml', record, single_calcifications, report)
    return report.build(images, findings, converter='inbreast', source=src, release='INbreast', tables=[table.name])


def _find_table(release: ReleaseFiles) -> Path:
    for folder in (IMAGE_FOLDER, ROI_FOLDER):
        if not (release.src / folder).is_dir():
            raise release.refusal(
                f'holds no folder {folder}: give the folder of INbreast with {TABLES[0]}, {IMAGE_FOLDER} and '
                f'{ROI_FOLDER}'
            )
    for name in TABLES:
        if (release.src / name).is_file():
            return release.src / name
    raise release.refusal(f'holds none of {", ".join(TABLES)}: put the table of INbreast there')


def _index_files(release: ReleaseFiles, report: ConversionReport) -> dict[str, _File]:
    """Image files by the number that their names begin with."""
    files: dict[str, _File] = {}
    for path in release.in_folder(release.src / IMAGE_FOLDER):
        match = _FILE_NAME.fullmatch(path.name)
        if match is None:
            if path.suffix.lower() == '.dcm':
                reason = 'not named <number>_<patient>_MG_<side>_<view>_ANON.dcm'
                report.drop(f'{IMAGE_FOLDER}/{path.name}', reason, 'files')
            continue
        number, patient, side, position = match.groups()
        if number in files:
            report.drop(f'{IMAGE_FOLDER}/{path.name}', f'repeats {files[number].path.name}', 'files')
            continue
        position = position.upper()
        files[number] = _File(path, patient.lower(), side.upper(), _POSITIONS.get(position, position))
    return files


def _read_images(
    table: Path, files: dict[str, _File], threshold: tuple[int, str], report: ConversionReport
) -> list[_Image]:
    images: dict[str, _Image] = {}
    for row in read_sheet(table, COLUMNS, report, OTHER_COLUMNS):
        if not (row.values['Laterality'] or row.values['View'] or row.values['File Name'].isdigit()):
            report.note(row.where, 'no image: a line below the table', 'footer_rows')
            continue
        try:
            number = str(row.integer('File Name'))
            if number in images:
                raise RowError(f'repeats {images[number].row.where}: File Name {number}')
            if number not in files:
                raise RowError(f'no file {IMAGE_FOLDER}/{number}_*_ANON.dcm')
            images[number] = _read_image(row, files[number], number, threshold, report)
        except ValueError as error:
            report.drop(row.where, str(error), 'images')
    for number in sorted(files.keys() - images.keys()):
        report.drop(f'{IMAGE_FOLDER}/{files[number].path.name}', f'no usable row in {table.name}', 'files')
    return list(images.values())


def _read_image(
    row: TableRow, file: _File, number: str, threshold: tuple[int, str], report: ConversionReport
) -> _Image:
    side, position = row.text('Laterality').upper(), row.text('View').upper()
    view = ViewKey.parse(f'{side}-{_POSITIONS.get(position, position)}')
    if side != file.side:
        raise RowError(f'Laterality is {side}, the file name {file.path.name} says {file.side}')
    if view.position.value not in ('CC', 'MLO'):
        report.note(row.where, f'View is {position}, the file name says {file.position}', 'unusual_views')
    elif view.position.value != file.position:
        raise RowError(f'View is {position}, the file name {file.path.name} says {file.position}')
    study = row.values['Acquisition date'] or 'unknown'
    return _Image(row, file, number, view, study, _read_labels(row, threshold, report))


def _read_labels(row: TableRow, threshold: tuple[int, str], report: ConversionReport) -> dict[str, Any]:
    birads = read_birads(row.text('Bi-Rads'))
    if birads == '0':
        raise RowError('Bi-Rads 0 (further images needed) says neither benign nor malignant')
    malignant = int(_suspicion(birads) >= threshold)
    labels: dict[str, Any] = {'malignant': malignant, 'benign': int(not malignant and birads != '1'), 'birads': birads}
    try:
        labels['density'] = read_density(row.values['ACR'])
    except ValueError as error:
        report.note(row.where, f'no ACR density: {error}', 'images_without_density')
    return labels


def _suspicion(birads: str) -> tuple[int, str]:
    """What assessments are compared by; a 4 without a letter is the least suspicious that it can be."""
    return birads_category(birads), birads[1:] or 'A'


def _report_unused_outlines(release: ReleaseFiles, images: Sequence[_Image], report: ConversionReport) -> None:
    used = {image.number for image in images}
    for path in release.in_folder(release.src / ROI_FOLDER):
        if path.suffix == '.xml' and path.stem not in used:
            report.drop(f'{ROI_FOLDER}/{path.name}', 'outlines of an image that is not there', 'roi_files')


def _wrong_kind(header: MammogramHeader | None) -> str | None:
    return None if header is None or header.modality == 'FFDM' else f'is an image of modality {header.modality}'


def _image_record(
    number: int, src: Path, image: _Image, view_name: str, header: MammogramHeader, split: str
) -> ImageRecord:
    return ImageRecord(
        id=number,
        file_name=image.file.path.relative_to(src).as_posix(),
        width=header.columns,
        height=header.rows,
        num_slices=1,
        patient_id=image.file.patient,
        study_uid=image.study,
        view=str(image.view),
        modality='FFDM',
        view_name=view_name,
        manufacturer=header.manufacturer,
        spacing_mm=header.spacing_mm,
        split=split,
        labels=image.labels,
    )


def _read_findings(
    path: Path, image: ImageRecord, single_calcifications: bool, report: ConversionReport
) -> list[FindingRecord]:
    """Findings of one image; an image without an XML file has none."""
    if not path.is_file():
        return []
    try:
        entries = read_roi_file(path)
    except ValueError as error:
        report.drop_finding(path.name, str(error), 'roi_files', image.id)
        return []
    findings: list[FindingRecord] = []
    left_out: Counter[str] = Counter()
    for number, entry in enumerate(entries, start=1):
        where = f'{path.name} ROI {number}'
        try:
            roi = parse_roi(number, entry)
            if roi.is_single_calcification and not single_calcifications:
                left_out['single calcifications'] += 1
            elif not roi.is_outline:
                left_out[f'marks {roi.name!r} of {len(roi.points_xy)} points'] += 1
            else:
                findings.append(_finding_record(where, roi, image, report))
        except ValueError as error:
            report.drop_finding(where, str(error), 'rois', image.id)
    _report_left_out(path.name, left_out, report)
    if findings and image.labels['birads'] == '1':
        report.note(path.name, 'has findings, but its image is Bi-Rads 1', 'findings_in_birads_1')
    return findings


def _report_left_out(where: str, left_out: Counter[str], report: ConversionReport) -> None:
    """One line a file and kind: there are thousands of them.

    A mark of one or two points has no extent. As a box of a pixel it could not be hit by any overlap, yet would count
    as a missed finding in every recall.
    """
    for kind, count in left_out.items():
        singles = kind == 'single calcifications'
        reason = 'not asked for' if singles else 'a mark has no extent'
        report.drop(where, f'{count} {kind}: {reason}', 'kinds_of_rois')
        report.counts['single_calcifications_left_out' if singles else 'point_marks_left_out'] += count


def _finding_record(where: str, roi: Roi, image: ImageRecord, report: ConversionReport) -> FindingRecord:
    box, was_clipped = clip_box(roi.bbox_xywh, image.width, image.height)
    if was_clipped:
        drawn = tuple(round(value, 1) for value in roi.bbox_xywh)
        report.note(where, f'box {drawn} clipped to {image.width} x {image.height} pixels', 'clipped_boxes')
    if roi.type == 'other':
        report.counts['findings_of_other_types'] += 1
    return FindingRecord(
        image_id=image.id,
        category='malignant' if image.labels['malignant'] else 'benign',
        bbox_xywh=box,
        segmentation=[_clipped_outline(roi, image)],
        attributes={'type': roi.type, 'release_name': roi.name, 'birads': image.labels['birads']},
    )


def _clipped_outline(roi: Roi, image: ImageRecord) -> list[float]:
    return [
        value for x, y in roi.points_xy for value in (min(max(x, 0.0), image.width), min(max(y, 0.0), image.height))
    ]
