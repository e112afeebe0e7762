"""EMBED Open Data (Emory Breast Imaging Dataset, 20 % release on AWS): FFDM and C-View, screening and diagnostic exams.

``images/cohort_{1,2}/{empi_anon}/{study}/{series}/{image}.dcm`` and ``tables/EMBED_OpenData_{metadata,clinical}.csv``:
the first has a row a file, the second a row a finding. They belong together by exam (``acc_anon``) and side; see
:mod:`.clinical` and :mod:`.regions` for what the tables leave open.

Source: Jeong et al., Radiology: Artificial Intelligence 5(1), 2023, https://doi.org/10.1148/ryai.220047; data
descriptor, https://github.com/Emory-HITI/EMBED_Open_Data.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mammo_plugins.io import AnnotationSet, FindingRecord, ImageRecord
from mammo_plugins.io.dicom_time import TIME_KEYWORDS
from mammo_plugins.structures import Laterality, ViewKey

from ..box_clipping import clip_box
from ..conversion_report import ConversionError, ConversionReport
from ..image_inspection import inspect_images
from ..patient_splits import DEFAULT_SHARES, split_patients
from ..release_files import ReleaseFiles
from ..release_table import RowError, TableRow
from ..tabled_geometry import read_row_spacing_mm, read_size
from ..tabled_time import read_row_time_s
from ..view_numbering import ViewNumbering
from ..wide_table import iter_wide_table
from .clinical import ClinicalExam, read_clinical_table
from .regions import REGION_COLUMNS, Region, choose_regions, describe_region, mirror_regions, read_regions

METADATA_COLUMNS = (
    'empi_anon', 'acc_anon', 'anon_dicom_path', 'FinalImageType', 'ImageLateralityFinal', 'ViewPosition',
)  # fmt: skip
_SPACING_COLUMNS = ('PixelSpacing', 'ImagerPixelSpacing', 'EstimatedRadiographicMagnificationFactor')
OPTIONAL_METADATA_COLUMNS = (
    *REGION_COLUMNS, 'num_roi', 'match_level', 'ROI_match_level', 'spot_mag', 'Rows', 'Columns', 'Manufacturer',
    *_SPACING_COLUMNS, *TIME_KEYWORDS,
)  # fmt: skip
MODALITIES = {'2D': 'FFDM', 'CVIEW': 'SM', 'C-VIEW': 'SM'}


@dataclass(frozen=True)
class _Listed:
    """A row of the metadata table whose file exists.

    Attributes:
        size: (width, height), or None where the table does not say.
        view: None where the table does not say.
        regions: their text where the image has regions, else empty.
        in_png_frame: whether they are in the frame of the owners' PNG files, whose chest wall is always left.
        time_s: of the exposure, seconds of a day, or None where the table does not say.
        is_mirrored: whether the chest wall is right in the image file, so that such regions are to be mirrored.
    """

    where: str
    path: Path
    patient_id: str
    exam: str
    modality: str
    side: str
    view: ViewKey | None
    size: tuple[int, int] | None
    spacing_mm: tuple[float, float] | None
    manufacturer: str
    regions: str
    match_levels: str
    in_png_frame: bool = False
    time_s: float | None = None
    is_mirrored: bool = False

    @property
    def is_complete(self) -> bool:
        """Whether the table says all that an image needs."""
        return self.size is not None and self.view is not None and not self.in_png_frame


def convert_embed(
    src: str | Path,
    *,
    special_views: bool = False,
    unproven_as_benign: bool = False,
    split_shares: Sequence[float] = DEFAULT_SHARES,
    seed: int = 0,
    workers: int | None = None,
    show_progress: bool = True,
) -> AnnotationSet:
    """Annotations of a copy of the release, or of a part of it.

    An image of a breast whose outcome is unknown (recalled or suspicious, and no pathology in the table) is kept
    without label ``malignant`` and without split: it can neither train as a negative nor be scored.

    Args:
        src: folder with ``tables`` and ``images``, or with the tables themselves.
        special_views: include spot compression and magnification views (``spot_mag``), which show a part of the breast.
        unproven_as_benign: count breasts and regions of BI-RADS 0, 4 and 5 without pathology as not malignant. Most of
            them are; some are cancers whose pathology was entered for a later exam only.
        split_shares: shares of patients in train, validation and test.
        seed: of the split.
        workers: processes that read headers where the table lacks size or view; as many as processors where None.
        show_progress: a progress bar on standard error.

    Raises:
        ConversionError: a table is missing or lacks a column, impossible shares, or no image.
    """
    src, report = Path(src), ConversionReport()
    files = ReleaseFiles(src, report)
    metadata, clinical = (_find_table(files, kind) for kind in ('metadata', 'clinical'))
    exams = read_clinical_table(clinical, report)
    listed, patients = _list_images(files, metadata, special_views, report)
    try:
        split_of = split_patients(patients, split_shares, seed)
    except ValueError as error:
        raise ConversionError(str(error)) from error
    listed = _complete_from_headers(src, listed, workers, show_progress, report)
    numbering = ViewNumbering()
    images: list[ImageRecord] = []
    findings: list[FindingRecord] = []
    for image in listed:
        record = _image_record(len(images) + 1, src, image, exams.get(image.exam), unproven_as_benign, numbering)
        if 'malignant' in record.labels:
            record = replace(record, split=split_of[image.patient_id])
        elif image.exam not in exams:
            report.note(image.where, 'no row of this exam in the clinical table: no split', 'images_without_labels')
        else:
            report.counts['images_of_unknown_outcome'] += 1
        images.append(record)
        findings += _read_findings(image, record, exams.get(image.exam), unproven_as_benign, report)
    return report.build(
        images,
        findings,
        converter='embed',
        source=src,
        release='EMBED Open Data',
        tables=[metadata.name, clinical.name],
    )


def _find_table(files: ReleaseFiles, kind: str) -> Path:
    """The full table, which has sizes and spacings, before the one of fewer columns."""
    names = [f'EMBED_OpenData_{kind}{suffix}.csv' for suffix in ('', '_reduced')]
    for name in names:
        for folder in (files.src / 'tables', files.src):
            if (folder / name).is_file():
                return folder / name
    raise files.refusal(
        f'holds neither {names[0]} nor {names[1]}, in "tables" or itself: download "tables" of EMBED Open Data'
    )


def _list_images(
    files: ReleaseFiles, table: Path, special_views: bool, report: ConversionReport
) -> tuple[list[_Listed], set[str]]:
    """Images that can be used, and all patients of the table, used or not, so that a partial copy splits alike."""
    listed: list[_Listed] = []
    patients: set[str] = set()
    first: dict[Path, str] = {}
    for row in iter_wide_table(table, METADATA_COLUMNS, report, OPTIONAL_METADATA_COLUMNS):
        try:
            patients.add(_read_id(row, 'empi_anon'))
            image = _list_image(files, row, special_views, report)
            if image.path in first:
                raise RowError(f'repeats {first[image.path]}: {image.path.name}')
        except ValueError as error:
            report.drop(row.where, str(error), 'images')
            continue
        first[image.path] = row.where
        listed.append(image)
    return listed, patients


def _list_image(files: ReleaseFiles, row: TableRow, special_views: bool, report: ConversionReport) -> _Listed:
    kind = row.text('FinalImageType')
    if kind.upper() not in MODALITIES:
        raise RowError(f'FinalImageType {kind!r} is neither 2D nor cview')
    if not special_views and row.values.get('spot_mag') and row.flag('spot_mag'):
        raise RowError('spot compression or magnification view (spot_mag is 1)')
    if (side := row.text('ImageLateralityFinal').upper()) not in ('L', 'R'):
        raise RowError(f'ImageLateralityFinal {side!r} is neither L nor R')
    path = files.find(row.text('anon_dicom_path'), [files.src, files.src / 'images'])
    regions, in_png_frame = choose_regions(row)
    announced = row.optional_integer('num_roi')
    if announced == 0 and any(letter.isdigit() for letter in regions):
        report.note(row.where, f'num_roi is 0, the regions are {regions[:60]!r}: not used', 'regions_not_announced')
    return _Listed(
        where=row.where,
        path=path,
        patient_id=_read_id(row, 'empi_anon'),
        exam=_read_id(row, 'acc_anon'),
        modality=MODALITIES[kind.upper()],
        side=side,
        view=_read_view(side, row.values['ViewPosition']),
        size=read_size(row, 'Columns', 'Rows') if row.values.get('Columns') and row.values.get('Rows') else None,
        spacing_mm=read_row_spacing_mm(row, *_SPACING_COLUMNS),
        manufacturer=row.optional_text('Manufacturer') or '',
        regions='' if announced == 0 else regions,
        match_levels=row.values.get('ROI_match_level') or row.values.get('match_level', ''),
        in_png_frame=in_png_frame and announced != 0 and any(letter.isdigit() for letter in regions),
        time_s=read_row_time_s(row),
    )


def _read_id(row: TableRow, column: str) -> str:
    """An id, the same where one table writes it as ``123`` and the other as ``123.0``."""
    return row.text(column).removesuffix('.0')


def _read_view(side: str, position: str) -> ViewKey | None:
    try:
        return ViewKey.parse(f'{side}-{position}')
    except ValueError:
        return None


def _complete_from_headers(
    src: Path, listed: Sequence[_Listed], workers: int | None, show_progress: bool, report: ConversionReport
) -> list[_Listed]:
    """Looks into the images whose size or view the table does not say, and for the chest wall of marked ones.

    Which way a file lies is seen in its pixels: the side of the breast does not tell. Where an exam repeats a view, the
    times of all its images are looked for too: they alone tell which images belong together.
    """
    repeating = _exams_with_repeats(listed)
    lacking = [image for image in listed if not image.is_complete or (image.time_s is None and image.exam in repeating)]
    if not lacking:
        return list(listed)
    # Turned from where a left breast has its chest wall: that it is right.
    sides = [Laterality.LEFT if image.in_png_frame else None for image in lacking]
    found = inspect_images([image.path for image in lacking], sides, workers, show_progress, modality_known=True)
    inspected = {image.path: result for image, result in zip(lacking, found, strict=True)}
    completed = []
    for image in listed:
        if (result := inspected.get(image.path)) is None:
            completed.append(image)
            continue
        problem = result.problem
        if problem and image.is_complete:
            reason = f'{image.path.relative_to(src)}: no acquisition time: {problem}'
            report.note(image.where, reason, 'images_without_time')
            completed.append(image)
            continue
        if problem is None and image.view is None and result.header.view is None:
            problem = f'the table names no known view, and in the header: {result.header.view_problem}'
        if problem is None and result.header.num_slices != 1:
            problem = f'has {result.header.num_slices} slices, the table says {image.modality}'
        if problem:
            report.drop(image.where, f'{image.path.relative_to(src)}: {problem}', 'images')
            continue
        header = result.header
        completed.append(
            replace(
                image,
                view=image.view or ViewKey.parse(f'{image.side}-{header.view.position.value}'),
                size=image.size or (header.columns, header.rows),
                spacing_mm=image.spacing_mm or header.spacing_mm,
                manufacturer=image.manufacturer or header.manufacturer,
                time_s=header.acquisition_time_s if image.time_s is None else image.time_s,
                is_mirrored=result.rotated_180,
            )
        )
    return completed


def _exams_with_repeats(listed: Sequence[_Listed]) -> set[str]:
    """Exams of which a modality shows a view more than once."""
    views = Counter((image.exam, image.modality, str(image.view)) for image in listed)
    return {exam for (exam, _, _), count in views.items() if count > 1}


def _image_record(
    number: int,
    src: Path,
    image: _Listed,
    exam: ClinicalExam | None,
    unproven_as_benign: bool,
    numbering: ViewNumbering,
) -> ImageRecord:
    return ImageRecord(
        id=number,
        file_name=image.path.relative_to(src).as_posix(),
        width=image.size[0],
        height=image.size[1],
        num_slices=1,
        patient_id=image.patient_id,
        study_uid=image.exam,
        view=str(image.view),
        modality=image.modality,
        view_name=numbering.name_next(image.view, image.patient_id, image.exam, image.modality),
        manufacturer=image.manufacturer,
        spacing_mm=image.spacing_mm,
        acquisition_time_s=image.time_s,
        labels={} if exam is None else exam.breast_labels(image.side, unproven_as_benign),
    )


def _read_findings(
    image: _Listed,
    record: ImageRecord,
    exam: ClinicalExam | None,
    unproven_as_benign: bool,
    report: ConversionReport,
) -> list[FindingRecord]:
    try:
        regions = read_regions(image.regions, image.match_levels)
        if image.is_mirrored:
            regions = mirror_regions(regions, record.width)
            report.counts['images_with_mirrored_regions'] += 1
    except RowError as error:
        report.drop_finding(image.where, str(error), 'regions', record.id)
        return []
    findings: list[FindingRecord] = []
    for number, region in enumerate(regions, start=1):
        where = f'{image.where} region {number}'
        try:
            if region.box_xywh in [earlier.box_xywh for earlier in regions[: number - 1]]:
                report.drop(where, 'repeats another region of the image', 'regions')
                continue
            rows = [] if exam is None else exam.findings_of(image.side)
            category, attributes = describe_region(rows, image.side, unproven_as_benign)
            findings.append(_finding_record(where, region, record, category, attributes, report))
        except ValueError as error:
            report.drop_finding(where, str(error), 'regions', record.id)
    return findings


def _finding_record(
    where: str, region: Region, record: ImageRecord, category: str, attributes: dict, report: ConversionReport
) -> FindingRecord:
    box, was_clipped = clip_box(region.box_xywh, record.width, record.height)
    if was_clipped:
        reason = f'box {region.box_xywh} clipped to {record.width} x {record.height} pixels'
        report.note(where, reason, 'clipped_boxes')
    level = 'unknown' if region.match_level is None else region.match_level
    report.counts[f'regions_of_match_level_{level}'] += 1
    if region.match_level is not None:
        attributes = {**attributes, 'match_level': region.match_level}
    return FindingRecord(image_id=record.id, category=category, bbox_xywh=box, attributes=attributes)
