"""VinDr-Mammo (Vietnam, PhysioNet): 5,000 exams of four views, read for BI-RADS, with boxes around suspicious findings.

``images/{study_id}/{image_id}.dicom``; ``breast-level_annotations.csv`` has a row an image, ``finding_annotations.csv``
a row a finding (``No Finding`` and no box where an image has none), ``metadata.csv`` a row of DICOM tags an image. The
tables state side, view and size, so that no image is opened. There is no pathology: what counts as malignant is an
assessment. Findings of lymph nodes, skin and nipple alone (125 of 2,254) have none of their own, and become ``other``:
neither malignant nor benign. Nipple and pectoral line of 2,000 MLO can be joined from a table of others.

Source: Nguyen et al., Scientific Data 10:277, 2023; https://doi.org/10.13026/br2v-7517. Nipples and pectoral lines:
Tanyel et al., Deep-Breath 2024 (``positioning_labels.csv`` of the repository deep-breast-positioning).
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mammo_plugins.io import AnnotationSet, FindingRecord, ImageRecord
from mammo_plugins.io.annotation_records import SPLITS
from mammo_plugins.structures import ViewKey

from .birads_labels import birads_category, read_birads, read_density
from .box_clipping import Box, clip_box
from .conversion_report import ConversionError, ConversionReport
from .patient_splits import split_patients
from .positioning_table import with_positions
from .release_files import ReleaseFiles
from .release_table import RowError, TableRow, read_table
from .tabled_geometry import read_row_spacing_mm, read_size
from .view_numbering import ViewNumbering
from .wide_table import iter_wide_table

IMAGE_TABLE, FINDING_TABLE, METADATA_TABLE = (
    'breast-level_annotations.csv', 'finding_annotations.csv', 'metadata.csv',
)  # fmt: skip
IMAGE_COLUMNS = (
    'study_id', 'series_id', 'image_id', 'laterality', 'view_position', 'height', 'width', 'breast_birads',
    'breast_density', 'split',
)  # fmt: skip
BOX_EDGES = ('xmin', 'ymin', 'xmax', 'ymax')
FINDING_COLUMNS = (*IMAGE_COLUMNS, 'finding_categories', 'finding_birads', *BOX_EDGES)
NO_FINDING = 'No Finding'
SPLIT_NAMES = {'training': 'train', 'test': 'test'}

_SOP_COLUMN = 'SOP Instance UID'
_SPACING_COLUMNS = ('Pixel Spacing', 'Imager Pixel Spacing', 'Estimated Radiographic Magnification Factor')
_MAX_CATEGORIES_LENGTH = 1000  # what ast is given; the ten names together have 180 letters
_TYPES = {
    'Mass': 'mass',
    'Suspicious Calcification': 'calcification',
    'Architectural Distortion': 'distortion',
    'Asymmetry': 'asymmetry',
    'Focal Asymmetry': 'asymmetry',
    'Global Asymmetry': 'asymmetry',
    'Nipple Retraction': 'other',
    'Skin Retraction': 'other',
    'Skin Thickening': 'other',
    'Suspicious Lymph Node': 'other',
}
_TYPE_ORDER = ('mass', 'calcification', 'distortion', 'asymmetry', 'other')


@dataclass(frozen=True)
class _Tags:
    """What metadata.csv says of an image."""

    spacing_mm: tuple[float, float] | None = None
    manufacturer: str = ''


def convert_vindr_mammo(
    src: str | Path,
    *,
    splits: Sequence[str] | None = None,
    malignant_from: int = 4,
    validation_share: float = 0.1,
    seed: int = 0,
    positioning: str | Path | None = None,
    workers: int | None = None,
    show_progress: bool = True,
) -> AnnotationSet:
    """Annotations of a copy of the release, or of a part of it.

    Args:
        src: folder with the tables and ``images``.
        splits: the splits to convert, each of which must then have images; all where None.
        malignant_from: the BI-RADS category, 2 to 6, from which on a finding and a breast count as malignant.
        validation_share: share of the training studies that becomes the validation split, which the release lacks; 0
            for none. The test split is the release's own.
        seed: of their choice.
        positioning: table of nipples and pectoral lines, see :mod:`.positioning_table`; None for none.
        workers, show_progress: of no effect, since no image is opened; all converters take them.

    Raises:
        ConversionError: a table is missing or lacks a column, an option is impossible, a split that was asked for is
            empty, or there is no image.
    """
    src = Path(src)
    report = ConversionReport()
    files = ReleaseFiles(src, report)
    if not (src / IMAGE_TABLE).is_file():
        raise files.refusal(f'holds no {IMAGE_TABLE}: give the folder of VinDr-Mammo 1.0.0 from PhysioNet')
    if not 2 <= malignant_from <= 6:
        raise ConversionError(f'malignant_from {malignant_from} is no BI-RADS category from 2 to 6')
    wanted = _wanted_splits(splits)
    rows = read_table(src / IMAGE_TABLE, IMAGE_COLUMNS, report)
    split_of = _split_studies(rows, validation_share, seed)
    chosen = [row for row in rows if split_of.get(row.values['study_id'], wanted[0]) in wanted]
    left_out = {row.values['image_id'] for row in rows}.difference(row.values['image_id'] for row in chosen)
    images = _read_images(files, chosen, split_of, malignant_from, report)
    if positioning is not None:
        images = with_positions(Path(positioning), images, left_out, report)
    findings = _read_findings(src, images, left_out, malignant_from, report)
    for split in splits or ():
        report.check_split(split, list(images.values()), src)
    tables = [name for name in (IMAGE_TABLE, FINDING_TABLE, METADATA_TABLE) if (src / name).is_file()]
    return report.build(
        list(images.values()), findings, converter='vindr-mammo', source=src, release='VinDr-Mammo', tables=tables
    )


def _wanted_splits(splits: Sequence[str] | None) -> Sequence[str]:
    if unknown := [split for split in splits or () if split not in SPLITS]:
        raise ConversionError(f'unknown split {unknown}: expected {", ".join(SPLITS)}')
    return splits or SPLITS


def _split_studies(rows: Sequence[TableRow], validation_share: float, seed: int) -> dict[str, str]:
    """Study to split, the first that a row of it names; a study is one patient as far as the release says."""
    if not 0 <= validation_share < 1:
        raise ConversionError(f'validation_share {validation_share} is not between 0 and 1')
    split_of: dict[str, str] = {}
    for row in rows:
        if row.values['split'] in SPLIT_NAMES:
            split_of.setdefault(row.values['study_id'], SPLIT_NAMES[row.values['split']])
    training = [study for study, split in split_of.items() if split == 'train']
    return {**split_of, **split_patients(training, (1 - validation_share, validation_share, 0), seed)}


def _read_images(
    files: ReleaseFiles,
    rows: Sequence[TableRow],
    split_of: dict[str, str],
    malignant_from: int,
    report: ConversionReport,
) -> dict[str, ImageRecord]:
    """Images by their id."""
    tags = _read_metadata(files.src, report)
    numbering = ViewNumbering()
    images: dict[str, ImageRecord] = {}
    for row in rows:
        try:
            if row.text('image_id') in images:
                raise RowError(f'repeats image {row.values["image_id"]}')
            record = _image_record(len(images) + 1, files, row, tags, split_of, malignant_from, numbering)
        except ValueError as error:
            report.drop(row.where, str(error), 'images')
            continue
        if tags and row.values['image_id'] not in tags:
            report.note(row.where, f'no row of this image in {METADATA_TABLE}', 'images_without_metadata')
        images[row.values['image_id']] = record
    return images


def _read_metadata(src: Path, report: ConversionReport) -> dict[str, _Tags]:
    """Tags by image. Without the table spacing stays unknown: no training needs it, and 20,000 files stay closed."""
    if not (src / METADATA_TABLE).is_file():
        reason = f'no {METADATA_TABLE}: spacing and manufacturer are unknown; download it from PhysioNet to have them'
        report.note(str(src), reason, 'missing_tables')
        return {}
    optional = (*_SPACING_COLUMNS, 'Manufacturer')
    return {
        row.values[_SOP_COLUMN]: _Tags(
            read_row_spacing_mm(row, *_SPACING_COLUMNS), row.optional_text('Manufacturer') or ''
        )
        for row in iter_wide_table(src / METADATA_TABLE, (_SOP_COLUMN,), report, optional)
    }


def _image_record(
    number: int,
    files: ReleaseFiles,
    row: TableRow,
    tags: dict[str, _Tags],
    split_of: dict[str, str],
    malignant_from: int,
    numbering: ViewNumbering,
) -> ImageRecord:
    study, image = row.text('study_id'), row.text('image_id')
    if (named := row.text('split')) not in SPLIT_NAMES:
        raise RowError(f'split {named!r} is none of {", ".join(SPLIT_NAMES)}')
    if (SPLIT_NAMES[named] == 'test') != (split_of[study] == 'test'):
        raise RowError(f'split is {named!r}, other images of study {study} are in the other one')
    view = ViewKey.parse(f'{row.text("laterality")}-{row.text("view_position")}')
    width, height = read_size(row, 'width', 'height')
    birads = read_birads(row.text('breast_birads'))
    density = row.optional_text('breast_density')
    path = files.find(f'images/{study}/{image}.dicom')
    tag = tags.get(image, _Tags())
    return ImageRecord(
        id=number,
        file_name=path.relative_to(files.src).as_posix(),
        width=width,
        height=height,
        num_slices=1,
        patient_id=study,
        study_uid=study,
        view=str(view),
        modality='FFDM',
        view_name=numbering.name_next(view, study, study, 'FFDM'),
        manufacturer=tag.manufacturer,
        spacing_mm=tag.spacing_mm,
        split=split_of[study],
        labels={**_breast_labels(birads, malignant_from), 'density': read_density(density) if density else None},
    )


def _breast_labels(birads: str, malignant_from: int) -> dict[str, int | str]:
    """1 is negative, 2 and 3 are benign; whether a malignant breast has a benign finding as well is not said."""
    category = birads_category(birads)
    is_malignant = category >= malignant_from
    labels: dict[str, int | str] = {'malignant': int(is_malignant), 'birads': birads}
    return labels if is_malignant else {**labels, 'benign': int(category > 1)}


def _read_findings(
    src: Path, images: dict[str, ImageRecord], left_out: set[str], malignant_from: int, report: ConversionReport
) -> list[FindingRecord]:
    """Findings of the images; those of images that were not asked for (``left_out``) are none of this conversion."""
    findings: list[FindingRecord] = []
    first: dict[tuple[str, ...], str] = {}
    for row in read_table(src / FINDING_TABLE, FINDING_COLUMNS, report):
        if row.values['image_id'] in left_out:
            continue
        try:
            categories = read_categories(row.text('finding_categories'))
            if categories == [NO_FINDING] and not any(row.values[edge] for edge in BOX_EDGES):
                continue
            content = tuple(row.values.values())
            if content in first:
                report.drop(row.where, f'repeats {first[content]}', 'findings')
                continue
            first[content] = row.where
            findings.append(_finding_record(row, categories, images, malignant_from, report))
        except ValueError as error:
            image = images.get(row.values['image_id'])
            if image is None:
                report.drop(row.where, str(error), 'findings')
            else:
                report.drop_finding(row.where, str(error), 'findings', image.id)
    return findings


def read_categories(text: str) -> list[str]:
    """The names in a stringified list such as ``['Mass', 'Skin Thickening']``.

    Raises:
        RowError: the text is no list of names.
    """
    try:
        names = ast.literal_eval(text) if len(text) <= _MAX_CATEGORIES_LENGTH else None
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        names = None
    if not isinstance(names, list) or not names or not all(isinstance(name, str) and name.strip() for name in names):
        raise RowError(f"finding_categories {text[:60]!r} is no list of names such as ['Mass']")
    return [name.strip() for name in names]


def _finding_record(
    row: TableRow, categories: list[str], images: dict[str, ImageRecord], malignant_from: int, report: ConversionReport
) -> FindingRecord:
    if NO_FINDING in categories:
        raise RowError(f'{NO_FINDING!r} has a box or another category beside it')
    image = images.get(row.text('image_id'))
    if image is None or image.study_uid != row.text('study_id'):
        raise RowError(f'no image {row.values["image_id"]} of study {row.values["study_id"]}')
    birads = read_birads(row.values['finding_birads']) if row.values['finding_birads'] else None
    is_malignant = birads is not None and birads_category(birads) >= malignant_from
    box = _clipped_box(row, image, report)
    if (drawn_on := f'{row.values["laterality"]}-{row.values["view_position"]}') != image.view:
        report.note(row.where, f'finding of {drawn_on} in an image of {image.view}', 'findings_of_another_view')
    if is_malignant and not image.labels['malignant']:
        reason = f'finding of BI-RADS {birads} in a breast of BI-RADS {image.labels["birads"]}'
        report.note(row.where, reason, 'contradicting_labels')
    types = {_TYPES.get(name, 'other') for name in categories}
    if birads is None:
        report.counts['findings_without_birads'] += 1
        if types != {'other'}:
            reason = f'{", ".join(categories)} without finding_birads: neither malignant nor benign'
            report.note(row.where, reason, 'lesions_without_birads')
    return FindingRecord(
        image_id=image.id,
        category='other' if birads is None else 'malignant' if is_malignant else 'benign',
        bbox_xywh=box,
        attributes={
            'type': min(types, key=_TYPE_ORDER.index),
            'release_name': ', '.join(categories),
            **({'birads': birads} if birads is not None else {}),
        },
    )


def _clipped_box(row: TableRow, image: ImageRecord, report: ConversionReport) -> Box:
    """The box inside the image; 42 of the release's 2,254 reach over its border."""
    left, top, right, bottom = (row.number(edge) for edge in BOX_EDGES)
    drawn = (left, top, right - left, bottom - top)
    box, was_clipped = clip_box(drawn, image.width, image.height)
    if was_clipped:
        reason = f'box {(left, top, right, bottom)} (xyxy) clipped to {image.width} x {image.height} pixels'
        report.note(row.where, reason, 'clipped_boxes')
    return box
