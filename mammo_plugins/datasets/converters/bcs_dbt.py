"""BCS-DBT (Breast Cancer Screening - Digital Breast Tomosynthesis, Duke University, TCIA).

The release is a folder of volumes, one DICOM file each, and for each split three tables:
``BCS-DBT-{file-paths,labels,boxes}-{train,validation,test}*.csv``. Rows belong together by (PatientID, StudyUID, View);
``StudyUID`` there is the short Study ID. Boxes are drawn after the release's reader has turned volumes whose chest wall
lies on the wrong side by 180 degrees; here they are turned back, so that they fit the stored pixels.

Source: Buda et al., JAMA Network Open 4(8), 2021; https://doi.org/10.7937/e4wt-cd02.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from mammo_plugins.io import AnnotationSet, FindingRecord, ImageRecord, MammogramHeader, OrientationFlips
from mammo_plugins.io.annotation_records import SPLITS
from mammo_plugins.io.dbtex_tables import (
    BOX_EDGES,
    KEY,
    LABEL_NAMES,
    VolumeKey,
    box_category,
    box_slice,
    box_xywh,
    label_flags,
    volume_key,
)
from mammo_plugins.structures import ViewKey

from .box_clipping import clip_box
from .conversion_report import ConversionError, ConversionReport
from .image_inspection import inspect_images
from .release_files import ReleaseFiles
from .release_paths import resolve_release_path
from .release_table import RowError, TableRow, read_table

PATH_COLUMNS = (*KEY, 'descriptive_path', 'classic_path')
BOX_COLUMNS = (*KEY, 'Subject', 'Slice', *BOX_EDGES, 'Class', 'AD')

_TABLES = ('file-paths', 'labels', 'boxes')


@dataclass(frozen=True)
class _Volume:
    """A row of a file-paths table whose file exists."""

    key: VolumeKey
    view: ViewKey
    split: str
    path: Path
    where: str


def convert_bcs_dbt(
    src: str | Path,
    *,
    splits: Sequence[str] | None = None,
    check_rotation: bool = True,
    workers: int | None = None,
    show_progress: bool = True,
) -> AnnotationSet:
    """Annotations of a copy of the release, or of a part of it.

    Args:
        src: folder with the tables and the volumes.
        splits: the splits to convert, each of which must then have images; all that have tables where None.
        check_rotation: look at a middle slice of each volume for the 180 degree rule. Without it, boxes on volumes
            that are stored turned are wrong: only for copies that were turned already.
        workers: processes that read volumes; as many as processors where None.
        show_progress: a progress bar on standard error.

    Raises:
        ConversionError: no tables, a table that lacks a column, a split that was asked for and is empty, or no image.
    """
    src = Path(src)
    report = ConversionReport()
    files = ReleaseFiles(src, report)
    tables = _find_tables(files, splits)
    volumes = [volume for split in tables for volume in _read_volumes(files, tables, split, report)]
    volumes = _drop_repeats(volumes, report)
    inspected = inspect_images(
        [volume.path for volume in volumes],
        [volume.view.laterality if check_rotation else None for volume in volumes],
        workers,
        show_progress,
        edge_columns=1,  # as the release's own reader does it, in whose frame the boxes are drawn
    )
    labels = {key: value for split in tables for key, value in _read_labels(tables[split], report).items()}
    images: dict[VolumeKey, ImageRecord] = {}
    for volume, found in zip(volumes, inspected, strict=True):
        problem = found.problem or _wrong_kind(found.header)
        if problem:
            report.drop(volume.where, f'{volume.path.relative_to(src)}: {problem}', 'images')
            continue
        images[volume.key] = _image_record(len(images) + 1, src, volume, found.header, found.rotated_180)
    _attach_labels(images, labels, report)
    findings = [finding for split in tables for finding in _read_boxes(tables[split], images, report)]
    _note_contradictions(images.values(), findings, report)
    for split in splits or ():
        report.check_split(split, list(images.values()), src)
    names = [path.name for split in tables.values() for path in split.values()]
    return report.build(
        list(images.values()), findings, converter='bcs-dbt', source=src, release='BCS-DBT', tables=names
    )


def _find_tables(files: ReleaseFiles, splits: Sequence[str] | None) -> dict[str, dict[str, Path]]:
    """Tables by split and kind; a split counts as present where it has a file-paths table."""
    if unknown := [split for split in splits or () if split not in SPLITS]:
        raise ConversionError(f'unknown split {unknown}: expected {", ".join(SPLITS)}')
    tables = {}
    for split in splits or SPLITS:
        found = {kind: path for kind in _TABLES if (path := _find_table(files, kind, split))}
        if 'file-paths' in found:
            tables[split] = found
        elif found or splits:
            raise files.refusal(
                f'split {split!r} has no table BCS-DBT-file-paths-{split}*.csv: add it, or name other splits'
            )
    if not tables:
        raise files.refusal(
            f'holds no table BCS-DBT-file-paths-{{{",".join(SPLITS)}}}*.csv: download the tables of BCS-DBT '
            'from The Cancer Imaging Archive into this folder'
        )
    return tables


def _find_table(files: ReleaseFiles, kind: str, split: str) -> Path | None:
    pattern = f'BCS-DBT-{kind}-{split}*.csv'
    found = [path for path in files.in_folder(files.src) if fnmatchcase(path.name, pattern)]
    if len(found) > 1:
        names = ', '.join(path.name for path in found)
        raise ConversionError(f'{files.src}: several {kind} tables of split {split!r}: {names}; keep the newest')
    return found[0] if found else None


def _read_volumes(
    files: ReleaseFiles, tables: dict[str, dict[str, Path]], split: str, report: ConversionReport
) -> list[_Volume]:
    volumes = []
    for row in read_table(tables[split]['file-paths'], PATH_COLUMNS, report):
        try:
            key = volume_key(row)
            view = ViewKey.parse(key[2])
            names = [name for name in (row.values['classic_path'], row.values['descriptive_path']) if name]
            path = resolve_release_path(files, names)
        except ValueError as error:
            report.drop(row.where, str(error), 'images')
            continue
        volumes.append(_Volume(key, view, split, path, row.where))
    return volumes


def _drop_repeats(volumes: Iterable[_Volume], report: ConversionReport) -> list[_Volume]:
    first: dict[VolumeKey, _Volume] = {}
    for volume in volumes:
        if volume.key in first:
            report.drop(volume.where, f'repeats {first[volume.key].where}: {_named(volume.key)}', 'images')
        else:
            first[volume.key] = volume
    return list(first.values())


def _read_labels(tables: dict[str, Path], report: ConversionReport) -> dict[VolumeKey, tuple[TableRow, dict[str, int]]]:
    if 'labels' not in tables:
        return {}
    labels: dict[VolumeKey, tuple[TableRow, dict[str, int]]] = {}
    for row in read_table(tables['labels'], (*KEY, *LABEL_NAMES), report):
        try:
            key = volume_key(row)
            flags = label_flags(row)
        except ValueError as error:
            report.drop(row.where, str(error), 'labels')
            continue
        if key in labels:
            report.drop(row.where, f'repeats {labels[key][0].where}: {_named(key)}', 'labels')
            continue
        labels[key] = (row, flags)
    return labels


def _attach_labels(
    images: dict[VolumeKey, ImageRecord],
    labels: dict[VolumeKey, tuple[TableRow, dict[str, int]]],
    report: ConversionReport,
) -> None:
    for key, (row, flags) in labels.items():
        if key not in images:
            report.drop(row.where, f'no image of {_named(key)}', 'labels')
            continue
        images[key].labels.update(
            malignant=flags['Cancer'], benign=flags['Benign'], actionable=flags['Actionable'], normal=flags['Normal']
        )
    for key, image in images.items():
        if not image.labels:
            report.note(image.file_name, f'no row for {_named(key)} in the labels table', 'images_without_labels')


def _read_boxes(
    tables: dict[str, Path], images: dict[VolumeKey, ImageRecord], report: ConversionReport
) -> list[FindingRecord]:
    if 'boxes' not in tables:
        return []
    findings: list[FindingRecord] = []
    first: dict[tuple[Any, ...], TableRow] = {}
    for row in read_table(tables['boxes'], BOX_COLUMNS, report, optional=('VolumeSlices',)):
        content = tuple(row.values.values())
        if content in first:
            report.drop(row.where, f'repeats {first[content].where}', 'boxes')
            continue
        first[content] = row
        image = None
        try:
            if (image := images.get(volume_key(row))) is None:
                raise RowError(f'no image of {_named(volume_key(row))}')
            findings.append(_finding_record(row, image, report))
        except ValueError as error:
            if image is None:
                report.drop(row.where, str(error), 'boxes')
            else:
                report.drop_finding(row.where, str(error), 'boxes', image.id)
    return findings


def _finding_record(row: TableRow, image: ImageRecord, report: ConversionReport) -> FindingRecord:
    category, slice_index = box_category(row), box_slice(row, image.num_slices)
    announced = row.optional_integer('VolumeSlices')
    if announced not in (None, image.num_slices):
        reason = f'VolumeSlices is {announced}, the file has {image.num_slices} slices'
        report.note(row.where, reason, 'volumes_of_other_length')
    drawn = box_xywh(row)
    box, was_clipped = clip_box(drawn, image.width, image.height)
    if was_clipped:
        report.note(row.where, f'box {drawn} clipped to {image.width} x {image.height} pixels', 'clipped_boxes')
    return FindingRecord(
        image_id=image.id,
        category=category,
        bbox_xywh=_to_stored_pixels(box, image),
        slice_index=slice_index,
        attributes={'type': 'distortion' if row.flag('AD') else 'mass'},
    )


def _to_stored_pixels(
    box_xywh: tuple[float, float, float, float], image: ImageRecord
) -> tuple[float, float, float, float]:
    """From the frame that the release draws boxes in."""
    flips = OrientationFlips(image.rotated_180, image.rotated_180)
    return flips.apply_to_box(box_xywh, image.width, image.height)


def _image_record(number: int, src: Path, volume: _Volume, header: MammogramHeader, rotated_180: bool) -> ImageRecord:
    patient_id, study_id, view_name = volume.key
    return ImageRecord(
        id=number,
        file_name=volume.path.relative_to(src).as_posix(),
        width=header.columns,
        height=header.rows,
        num_slices=header.num_slices,
        patient_id=patient_id,
        study_uid=study_id,
        view=str(volume.view),
        modality='DBT',
        view_name=view_name,
        manufacturer=header.manufacturer,
        spacing_mm=header.spacing_mm,
        slice_spacing_mm=header.slice_spacing_mm,
        rotated_180=rotated_180,
        split=volume.split,
    )


def _note_contradictions(
    images: Iterable[ImageRecord], findings: Sequence[FindingRecord], report: ConversionReport
) -> None:
    with_cancer = {finding.image_id for finding in findings if finding.category == 'malignant'}
    for image in images:
        if image.id in with_cancer and image.labels.get('malignant') == 0:
            report.note(
                image.file_name, 'has a box of class cancer, but is not labelled Cancer', 'contradicting_labels'
            )


def _wrong_kind(header: MammogramHeader | None) -> str | None:
    return None if header is None or header.modality == 'DBT' else f'is an image of modality {header.modality}, not DBT'


def _named(key: VolumeKey) -> str:
    return ' '.join(key)
