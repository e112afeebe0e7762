"""Phantoms of this project (``tools/make_phantoms.py``), every modality, with their full ground truth.

The DBT part can also be read as a BCS-DBT release; only here come FFDM and synthetic mammograms, lesion ids across
views, visible slice ranges, masks, BI-RADS and density.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from mammo_plugins.io import AnnotationSet, FindingRecord, ImageRecord, MammogramHeader
from mammo_plugins.io.annotation_records import MODALITIES, SPLITS
from mammo_plugins.structures import ViewKey

from .birads_labels import read_density
from .box_clipping import clip_box
from .conversion_report import ConversionError, ConversionReport
from .image_inspection import inspect_images
from .mask_encoding import encode_mask
from .release_files import ReleaseFiles
from .release_table import RowError, TableRow, read_table

IMAGE_TABLE, FINDING_TABLE = 'phantom-images.csv', 'phantom-findings.csv'
IMAGE_COLUMNS = (
    'patient_id', 'study_id', 'view', 'modality', 'path', 'split', 'width', 'height', 'num_slices', 'rotated_180',
    'manufacturer', 'malignant', 'benign', 'birads', 'density', 'annotated',
)  # fmt: skip
POINT_COLUMNS = (
    'nipple_x', 'nipple_y', 'chest_wall_x1', 'chest_wall_y1', 'chest_wall_x2', 'chest_wall_y2',
)  # fmt: skip
FINDING_COLUMNS = (
    'patient_id', 'study_id', 'view', 'modality', 'finding_id', 'class', 'type', 'x', 'y', 'width', 'height', 'slice',
    'first_slice', 'last_slice', 'mask',
)  # fmt: skip
GRADE_COLUMN = 'birads'  # only where findings are assessed one by one

ImageKey = tuple[str, str, str, str]


def convert_phantom(
    src: str | Path,
    *,
    modality: str | Sequence[str] | None = None,
    split: str | Sequence[str] | None = None,
    masks: bool = True,
    workers: int | None = None,
    show_progress: bool = True,
) -> AnnotationSet:
    """Annotations of phantoms.

    Args:
        src: folder that ``make_phantoms`` wrote.
        modality: ``FFDM``, ``SM``, ``DBT`` or several; all where None.
        split: ``train``, ``validation``, ``test`` or several; all where None.
        masks: whether to include the lesions' masks as run-length encodings.
        workers: processes that read headers; as many as processors where None.
        show_progress: a progress bar on standard error.

    Raises:
        ConversionError: no phantoms there, a table that lacks a column, or a split that was asked for and is empty.
    """
    src, report = Path(src), ConversionReport()
    modalities, splits = _chosen(modality, MODALITIES, 'modality'), _chosen(split, SPLITS, 'split')
    files = ReleaseFiles(src, report)
    if not (src / IMAGE_TABLE).is_file():
        raise files.refusal(f'holds no {IMAGE_TABLE}: make phantoms with "python tools/make_phantoms.py {src}"')
    all_rows = read_table(src / IMAGE_TABLE, IMAGE_COLUMNS, report, optional=POINT_COLUMNS)
    rows = [row for row in all_rows if row.values['modality'] in modalities and row.values['split'] in splits]
    _report_unknown_names(all_rows, report)
    listed = _find_files(files, rows, report)
    inspected = inspect_images([path for _, path in listed], [None] * len(listed), workers, show_progress)
    images: dict[ImageKey, ImageRecord] = {}
    for (row, path), found in zip(listed, inspected, strict=True):
        try:
            if found.problem:
                raise RowError(f'{row.values["path"]}: {found.problem}')
            record = _image_record(len(images) + 1, row, path.relative_to(src).as_posix(), found.header)
            if (key := _key_of(row)) in images:
                raise RowError(f'repeats image {images[key].file_name}')
            images[key] = record
        except ValueError as error:
            report.drop(row.where, str(error), 'images')
    left_out = {_key_of(row) for row in all_rows}.difference(_key_of(row) for row in rows)
    findings = _read_findings(files, images, left_out, masks, report)
    for name in [] if split is None else splits:
        report.check_split(name, list(images.values()), src)
    return report.build(
        list(images.values()), findings, converter='phantom', source=src, release='mammo_plugins phantoms',
        tables=[IMAGE_TABLE, FINDING_TABLE],
    )  # fmt: skip


def _report_unknown_names(rows: list[TableRow], report: ConversionReport) -> None:
    for row in rows:
        for column, known in (('modality', MODALITIES), ('split', SPLITS)):
            if row.values[column] not in known:
                report.drop(row.where, f'{column} {row.values[column]!r} is none of {", ".join(known)}', 'images')
                break


def _find_files(files: ReleaseFiles, rows: list[TableRow], report: ConversionReport) -> list[tuple[TableRow, Path]]:
    """Rows whose file exists, inside the folder, with it."""
    listed = []
    for row in rows:
        try:
            listed.append((row, files.find(row.values['path'])))
        except RowError as error:
            report.drop(row.where, str(error), 'images')
    return listed


def _image_record(number: int, row: TableRow, file_name: str, header: MammogramHeader | None) -> ImageRecord:
    density = row.optional_text('density')
    size = tuple(row.integer(name) for name in ('width', 'height', 'num_slices'))
    stored = (header.columns, header.rows, header.num_slices)
    if size != stored:
        raise RowError(f'width, height and slices are {size} in the table, {stored} in the file')
    if header.modality != row.values['modality']:
        raise RowError(f'modality is {row.values["modality"]} in the table, {header.modality} in the file')
    return ImageRecord(
        id=number,
        file_name=file_name,
        width=size[0],
        height=size[1],
        num_slices=size[2],
        patient_id=row.text('patient_id'),
        study_uid=row.text('study_id'),
        view=str(ViewKey.parse(row.text('view'))),
        modality=row.values['modality'],
        view_name=row.text('view').lower(),
        manufacturer=row.values['manufacturer'],
        spacing_mm=header.spacing_mm,
        slice_spacing_mm=header.slice_spacing_mm,
        rotated_180=bool(row.flag('rotated_180')),
        split=row.values['split'],
        acquisition_time_s=header.acquisition_time_s,
        **_points(row),
        labels={
            'malignant': row.flag('malignant'),
            'benign': row.flag('benign'),
            'birads': row.optional_text('birads'),
            'density': read_density(density) if density else None,
        },
    )


def _points(row: TableRow) -> dict[str, tuple[float, ...]]:
    """Nipple and chest wall, which phantoms of older versions lack."""
    if not any(name in row.values for name in POINT_COLUMNS):
        return {}
    numbers = [row.number(name) for name in POINT_COLUMNS]
    return {'nipple_xy': tuple(numbers[:2]), 'chest_wall_xyxy': tuple(numbers[2:])}


def _read_findings(
    files: ReleaseFiles,
    images: dict[ImageKey, ImageRecord],
    left_out: set[ImageKey],
    masks: bool,
    report: ConversionReport,
) -> list[FindingRecord]:
    """Findings of the images; those of images that were not asked for (``left_out``) are none of this conversion."""
    findings = []
    for row in read_table(files.src / FINDING_TABLE, FINDING_COLUMNS, report, optional=(GRADE_COLUMN,)):
        key = _key_of(row)
        if key in left_out:
            continue
        if key not in images:
            report.drop(row.where, f'no image of {" ".join(key)}', 'findings')
            continue
        try:
            findings.append(_finding_record(files, row, images[key], masks, report))
        except ValueError as error:
            report.drop_finding(row.where, str(error), 'findings', images[key].id)
    return findings


def _finding_record(
    files: ReleaseFiles, row: TableRow, image: ImageRecord, masks: bool, report: ConversionReport
) -> FindingRecord:
    if row.values['class'] not in ('malignant', 'benign'):
        raise RowError(f'class {row.values["class"]!r} is neither malignant nor benign')
    drawn = tuple(row.number(name) for name in ('x', 'y', 'width', 'height'))
    box, was_clipped = clip_box(drawn, image.width, image.height)
    if was_clipped:
        report.note(row.where, f'box {drawn} clipped to {image.width} x {image.height} pixels', 'clipped_boxes')
    slice_index, slice_range = _slices(row, image)
    return FindingRecord(
        image_id=image.id,
        category=row.values['class'],
        bbox_xywh=box,
        slice_index=slice_index,
        slice_range=slice_range,
        lesion_id=row.optional_text('finding_id'),
        segmentation=_read_mask(files, row.values['mask'], image) if masks and row.values['mask'] else None,
        attributes={name: row.values[name] for name in ('type', GRADE_COLUMN) if row.values.get(name)},
    )


def _slices(row: TableRow, image: ImageRecord) -> tuple[int | None, tuple[int, int] | None]:
    if image.modality != 'DBT':
        return 0, None
    index, first, last = (row.optional_integer(name) for name in ('slice', 'first_slice', 'last_slice'))
    for name, value in (('slice', index), ('first_slice', first), ('last_slice', last)):
        if value is not None and not 0 <= value < image.num_slices:
            raise RowError(f'{name} {value} is outside 0 to {image.num_slices - 1}')
    if first is None or last is None:
        return index, None
    if not first <= (first if index is None else index) <= last:
        raise RowError(f'slice {index} is outside the visible slices {first} to {last}')
    return index, (first, last)


def _read_mask(files: ReleaseFiles, name: str, image: ImageRecord) -> dict[str, Any]:
    """Run-length encoding of a mask of the image's size, in stored pixels.

    Raises:
        RowError: no such mask, or one of another size.
    """
    path = files.find(name)
    try:
        # PNG only: Pillow would start other programs for other formats.
        with Image.open(path, formats=['PNG']) as picture:
            size, channels = picture.size, len(picture.getbands())
            mask = np.asarray(picture) > 0 if (size, channels) == ((image.width, image.height), 1) else None
    except Exception as error:  # Pillow raises OSError, SyntaxError and others
        raise RowError(f'mask {path.name} cannot be read ({type(error).__name__})') from error
    if mask is None:
        raise RowError(
            f'mask {path.name} has {channels} channels of {size[0]} x {size[1]} pixels, the image 1 of {image.width} x '
            f'{image.height}'
        )
    return encode_mask(mask)


def _key_of(row: TableRow) -> ImageKey:
    return row.values['patient_id'], row.values['study_id'], row.values['view'].lower(), row.values['modality']


def _chosen(wanted: str | Sequence[str] | None, known: tuple[str, ...], what: str) -> tuple[str, ...]:
    if wanted is None:
        return known
    names = (wanted,) if isinstance(wanted, str) else tuple(wanted)
    if unknown := [name for name in names if name not in known]:
        raise ConversionError(f'unknown {what} {unknown}: expected {", ".join(known)}')
    return names
