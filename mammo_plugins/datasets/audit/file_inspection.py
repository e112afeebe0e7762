"""Opens one file for the audit and keeps numbers only."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mammo_plugins.io.dicom_header import read_dicom_header
from mammo_plugins.io.dicom_intensity import read_intensity_rules
from mammo_plugins.io.dicom_tags import DicomTags
from mammo_plugins.io.image_source import open_image
from mammo_plugins.io.mammogram_header import MammogramHeader
from mammo_plugins.io.orientation import chest_wall_side, decide_way_up, is_stored_turned
from mammo_plugins.io.slice_folder import dicom_files_in, has_dicom_marker
from mammo_plugins.io.slice_series import names_series, series_files
from mammo_plugins.io.unreadable_image import UnreadableImageError
from mammo_plugins.io.voi import IntensityRules

from ..breast_region import find_breast_mask
from .box_contrast import Box, box_contrast
from .image_facts import BoxFacts, ImageFacts, PixelFacts
from .image_statistics import (
    breast_share,
    clipped_share,
    has_bright_background,
    pixel_digest,
    shown_levels,
    shown_range,
)


@dataclass(frozen=True)
class InspectionJob:
    """What to look at.

    Attributes:
        path: file, or folder of one file a slice.
        boxes: (x, y, width, height) and slice of each finding.
        read_pixels: whether to decode the middle slice and those with boxes.
        rotated_180: whether an annotation file says that the image is stored turned by 180 degrees.
    """

    path: Path
    boxes: tuple[tuple[Box, int | None], ...] = ()
    read_pixels: bool = True
    rotated_180: bool = False


@dataclass(frozen=True)
class _Intensity:
    """How a header asks for its image, or the middle slice, to be shown; ``rules`` is None for PNG files."""

    voi: str = 'PNG'
    num_windows: int = 0
    magnification: float | None = None
    rules: IntensityRules | None = None


def inspect_file(job: InspectionJob) -> ImageFacts:
    """Reads a header and, where asked for, pixels. Whatever is wrong with the file is in ``problem``; never raises."""
    try:
        return _inspect(job)
    except UnreadableImageError as error:
        return ImageFacts(problem=error.reason)
    except Exception as error:  # an audit must outlive every file; the message could quote a header's values
        return ImageFacts(problem=f'cannot be inspected ({type(error).__name__})')


def _inspect(job: InspectionJob) -> ImageFacts:
    header, intensity = _read_header(job.path)
    pixels, problem = None, header.pixel_problem
    if job.read_pixels and problem is None:
        try:
            pixels = _read_pixels(job, header, intensity)
        except UnreadableImageError as error:
            problem = error.reason
    return ImageFacts(
        header=header,
        voi=intensity.voi,
        num_windows=intensity.num_windows,
        magnification=intensity.magnification,
        pixels=pixels,
        problem=problem,
    )


def _read_header(path: Path) -> tuple[MammogramHeader, _Intensity]:
    """The header, and how the image, or its first slice, is to be shown."""
    if path.is_file() and has_dicom_marker(path):
        header, tags = read_dicom_header(path)
        return header, _read_intensity(header, tags)
    header = open_image(path).header
    slices = dicom_files_in(path) if path.is_dir() else series_files(path) if names_series(path) else []
    return header, _read_intensity(*read_dicom_header(slices[0])) if slices else _Intensity()


def _read_intensity(header: MammogramHeader, tags: DicomTags) -> _Intensity:
    rules = read_intensity_rules(
        tags, header.num_slices // 2, header.bits_stored, header.for_processing and header.num_slices == 1
    )
    if header.for_processing:
        voi = 'raw'
    elif rules.voi_table is not None:
        voi = 'LUT'
    else:
        voi = f'window ({rules.window.function})' if rules.window is not None else 'none'
    return _Intensity(voi, len(tags.numbers('WindowCenter')), header.magnification, rules)


def _read_pixels(job: InspectionJob, header: MammogramHeader, intensity: _Intensity) -> PixelFacts:
    middle = header.num_slices // 2
    wanted = sorted({middle, *(index for _, index in job.boxes if _is_inside(index, header))})
    frames = dict(zip(wanted, open_image(job.path).iter_slices(wanted, voi='none'), strict=True))
    pixels = frames[middle]
    stored = _stored_values(pixels, header)
    if stored.min() == stored.max():
        return PixelFacts(pixel_digest(stored, header.num_slices), is_blank=True)
    mask = find_breast_mask(pixels)
    # As it is shown, by its own rules: stored values would do only where they are unsigned and the header is right.
    shown = None if intensity.rules is None else next(iter(open_image(job.path).iter_slices([middle])))
    air_level, breast_level = (None, None) if shown is None else shown_levels(shown, mask)
    upright = decide_way_up(
        pixels, rotated_180=job.rotated_180, patient_orientation=header.patient_orientation, view=header.view
    )
    return PixelFacts(
        digest=pixel_digest(stored, header.num_slices),
        has_bright_background=has_bright_background(pixels),
        chest_wall=chest_wall_side(pixels),
        breast_share=float(mask.mean()),
        shown_range=None if shown is None else shown_range(shown, mask),
        clipped_share=0.0 if shown is None else clipped_share(shown, mask),
        air_level=air_level,
        breast_level=breast_level,
        way_up_problem=upright.problem,
        way_up_doubt=upright.doubt,
        is_stored_turned=_is_stored_turned(pixels, header, is_explained=upright.doubt is None),
        boxes=tuple(
            BoxFacts(breast_share(mask, box), box_contrast(frames[index], mask, box) if index in frames else None)
            for box, index in job.boxes
        ),
    )


def _is_stored_turned(pixels: np.ndarray, header: MammogramHeader, is_explained: bool) -> bool:
    """Volumes and what was computed from one: an FFDM on the other side may as well be mirrored by its vendor."""
    if not (header.modality == 'DBT' or header.is_computed) or header.view is None:
        return False
    names_front = header.patient_orientation is not None and header.patient_orientation[0][:1].upper() in ('A', 'P')
    return not (names_front and is_explained) and is_stored_turned(pixels, header.view.laterality)


def _stored_values(pixels: np.ndarray, header: MammogramHeader) -> np.ndarray:
    """(H, W) uint16 stored values of intensities that were read with all stored bits (``voi='none'``).

    Signed values are shifted to start at 0, and pixels that the header marks as padding are the darkest.
    """
    highest = 2**header.bits_stored - 1
    values = np.rint(pixels * np.float32(highest)).astype(np.uint16)
    return np.uint16(highest) - values if header.is_inverted else values


def _is_inside(index: int | None, header: MammogramHeader) -> bool:
    return index is not None and 0 <= index < header.num_slices
