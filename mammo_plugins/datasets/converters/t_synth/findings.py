"""Masses as findings: by their masks where there are any, else by their places and radii."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence

from mammo_plugins.datasets.parallel_reading import LOST, read_in_parallel
from mammo_plugins.io import FindingRecord, ImageRecord
from mammo_plugins.io.victre_layout import upright_point

from ..box_clipping import Box, clip_box
from ..conversion_report import ConversionError, ConversionReport
from ..release_files import ReleaseFiles
from ..release_table import RowError
from .lesion_masks import LesionMask, MaskJob, mask_beside, read_lesion_mask
from .listed_images import ListedImage
from .locations import Location, read_locations


def read_findings(
    files: ReleaseFiles,
    kept: Sequence[tuple[ListedImage, ImageRecord]],
    masks: bool,
    workers: int | None,
    show_progress: bool,
    report: ConversionReport,
) -> list[FindingRecord]:
    """The masses of images whose examples have one.

    Args:
        files: of the release.
        kept: images with their records.
        masks: read the masks beside the images.
        workers, show_progress: see :func:`.convert_t_synth`.
        report: gets what cannot be used.

    Raises:
        ConversionError: the package that reads masks is not installed.
    """
    marked = []
    for image, record in kept:
        if image.loc is None or 'malignant' not in record.labels:
            continue
        try:
            marked.append((image, record, read_locations(image.loc, record.modality)))
        except RowError as error:
            report.drop_finding(image.where, str(error), 'findings', record.id)
    outlined = _read_masks(files, marked, workers, show_progress, report) if masks else {}
    findings: list[FindingRecord] = []
    for image, record, locations in marked:
        for place, location in enumerate(locations, start=1):
            where = f'{image.where} mass {place}'
            try:
                findings.append(_finding(where, image, record, location, place, outlined.get(record.id), report))
            except ValueError as error:
                report.drop_finding(where, str(error), 'findings', record.id)
    return findings


def _read_masks(
    files: ReleaseFiles,
    marked: Sequence[tuple[ListedImage, ImageRecord, list[Location]]],
    workers: int | None,
    show_progress: bool,
    report: ConversionReport,
) -> dict[int, LesionMask]:
    """Image id to its mask, of images with one mass: a mask does not tell several apart."""
    known = set(files.files)
    jobs = [
        (image, record, MaskJob(mask_beside(image.path), image.path))
        for image, record, locations in marked
        if record.modality != 'FFDM' and len(locations) == 1 and mask_beside(image.path) in known
    ]
    if jobs and importlib.util.find_spec('h5py') is None:
        raise ConversionError(
            f'{jobs[0][2].mask_path}: reading masks needs the package h5py: pip install "mammo-plugins[datasets]", or '
            'go without masks (--no-masks)'
        )
    found = read_in_parallel(
        read_lesion_mask,
        [job for _, _, job in jobs],
        _lost_mask,
        workers=workers,
        title='Reading masks',
        show_progress=show_progress,
    )
    outlined = {}
    for (image, record, job), mask in zip(jobs, found, strict=True):
        if mask.problem:
            reason = f'{job.mask_path.name}: {mask.problem}: a square around the place in {image.loc.name} instead'
            report.note(image.where, reason, 'masks_not_used')
        else:
            outlined[record.id] = mask
    return outlined


def _lost_mask(job: MaskJob) -> LesionMask:
    return LesionMask(problem=LOST)


def _finding(
    where: str,
    image: ListedImage,
    record: ImageRecord,
    location: Location,
    place: int,
    mask: LesionMask | None,
    report: ConversionReport,
) -> FindingRecord:
    example, shape = image.example, (record.height, record.width)
    if not (0 <= location.x < shape[0] and 0 <= location.y < shape[1]):
        raise RowError(f'{image.loc.name}: x {location.x}, y {location.y} is outside {shape[0]} x {shape[1]} values')
    middle = upright_point(location.x, location.y, record.height)
    if mask is None:
        box = _square(middle, float(example.mass_radius_mm), record)
        box, was_clipped = clip_box(box, record.width, record.height)
        if was_clipped:
            reason = f'square of its radius clipped to {record.width} x {record.height} pixels'
            report.note(where, reason, 'clipped_boxes')
    else:
        box = mask.box_xywh
        if not _contains(box, middle):
            report.note(where, f'{image.loc.name} names a place outside its mask', 'places_outside_masks')
    slice_index, slice_range = _slices(where, record, location, mask, float(example.mass_radius_mm), report)
    return FindingRecord(
        image_id=record.id,
        category='malignant',
        bbox_xywh=box,
        slice_index=slice_index,
        slice_range=slice_range,
        lesion_id=f'{example.patient_id}/{example.study_uid}/{place}',
        segmentation=None if mask is None else mask.segmentation,
        attributes={
            'type': 'mass',
            'mass_radius_mm': float(example.mass_radius_mm),
            'mass_density': float(example.mass_density),
            'box_from': 'radius' if mask is None else 'mask',
        },
    )


def _square(middle: tuple[float, float], radius_mm: float, record: ImageRecord) -> Box:
    """As wide as the mass, which has spicules beyond, and without the magnification of the projection."""
    if record.spacing_mm is None:
        raise RowError('its size in pixels is unknown: the header has no ElementSpacing')
    tall, wide = (2 * radius_mm / spacing for spacing in record.spacing_mm)
    return middle[0] - wide / 2, middle[1] - tall / 2, wide, tall


def _contains(box: Box, point: tuple[float, float]) -> bool:
    x, y, width, height = box
    return x <= point[0] <= x + width and y <= point[1] <= y + height


def _slices(
    where: str,
    record: ImageRecord,
    location: Location,
    mask: LesionMask | None,
    radius_mm: float,
    report: ConversionReport,
) -> tuple[int, tuple[int, int] | None]:
    """The slice of ``.loc`` and those that show the mass: by its mask, else by its radius."""
    if record.modality != 'DBT':
        return 0, None
    index, last = location.slice_index, record.num_slices - 1
    if not 0 <= index <= last:
        raise RowError(f'slice {index} is outside 0 to {last}')
    if mask is None:
        if record.slice_spacing_mm is None:
            return index, None
        reach = round(radius_mm / record.slice_spacing_mm)
        return index, (max(0, index - reach), min(last, index + reach))
    if not mask.first_slice <= index <= mask.last_slice:
        covered = f'{mask.first_slice} to {mask.last_slice}, which its mask covers'
        report.note(where, f'slice {index} is none of {covered}: {mask.largest_slice} instead', 'slices_outside_masks')
        index = mask.largest_slice
    return index, (mask.first_slice, mask.last_slice)
