"""Boxes and run-length encodings from the ROI masks of CBIS-DDSM.

A folder of one abnormality holds a mask as large as the film and a cropped image. Which file is which cannot be told
from names: the table's names are swapped between masses and calcifications, and both may carry the series description
of one of them. Size decides, then the description.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom import dcmread
from pydicom.config import disable_value_validation

from mammo_plugins.io import ImageSource, UnreadableImageError, open_image

from ..mask_encoding import box_of_mask, encode_mask

MAX_SIZE_DIFFERENCE_PX = 8
"""Up to this, a mask of another size than its film is the same scan with a border cut or added."""

_MAX_RESCALED_ERROR_PX = 2.0
_MAX_SCALE = 2.0


@dataclass(frozen=True)
class RoiJob:
    """Files of one abnormality, one of which should be its mask.

    Attributes:
        paths: candidates.
        rows, columns: size of the film.
        encode: whether the mask itself is wanted, not only its box.
    """

    paths: tuple[Path, ...]
    rows: int
    columns: int
    encode: bool


@dataclass(frozen=True)
class RoiMask:
    """Outcome of a job.

    Attributes:
        box_xywh: around the marked pixels, in pixels of the film; None where there is a problem.
        segmentation: run-length encoding of the film's size, or None where not wanted.
        adapted: how a mask of another size was fitted to the film, or None.
        problem: why there is no box, or None.
    """

    box_xywh: tuple[float, float, float, float] | None
    segmentation: dict[str, Any] | None = None
    adapted: str | None = None
    problem: str | None = None


def read_roi_mask(job: RoiJob) -> RoiMask:
    """Finds, decodes and measures a mask; whatever is wrong is told in ``problem``."""
    try:
        source = _choose_mask(job)
        mask = _read_binary(source)
        fitted, adapted = fit_mask(mask, job.rows, job.columns)
    except UnreadableImageError as error:
        return RoiMask(None, problem=f'{error.path.name}: {error.reason}')
    except ValueError as error:
        return RoiMask(None, problem=str(error))
    if (box := box_of_mask(fitted)) is None:
        return RoiMask(None, problem='the mask marks no pixel of the film')
    return RoiMask(box, encode_mask(fitted) if job.encode else None, adapted)


def fit_mask(mask: npt.NDArray[np.bool_], rows: int, columns: int) -> tuple[npt.NDArray[np.bool_], str | None]:
    """A mask in the pixels of its film, and how it was brought there (None where it fits as it is).

    Some masks have a border of some pixels more or less; others belong to the same film scanned or stored at another
    resolution, by the same factor along both axes (43.5 and 50 um are 1.149 apart).

    Args:
        mask: (H, W) bool.
        rows, columns: of the film.

    Raises:
        ValueError: another shape: the mask of another film.
    """
    height, width = mask.shape
    if (height, width) == (rows, columns):
        return mask, None
    sizes = f'mask of {width} x {height} pixels, film of {columns} x {rows}'
    if max(abs(height - rows), abs(width - columns)) <= MAX_SIZE_DIFFERENCE_PX:
        fitted = np.zeros((rows, columns), bool)
        fitted[:height, :width] = mask[:rows, :columns]
        return fitted, f'{sizes}: cut or filled at the lower right'
    scale = rows / height
    if 1 / _MAX_SCALE <= scale <= _MAX_SCALE and abs(width * scale - columns) <= _MAX_RESCALED_ERROR_PX:
        from_rows = np.minimum(((np.arange(rows) + 0.5) * height / rows).astype(int), height - 1)
        from_columns = np.minimum(((np.arange(columns) + 0.5) * width / columns).astype(int), width - 1)
        return mask[from_rows[:, None], from_columns], f'{sizes}: enlarged by {scale:.4f}'
    raise ValueError(f'{sizes}: not of this film')


def _choose_mask(job: RoiJob) -> ImageSource:
    """The candidate of the film's size; where none or several have it, the one described as mask, or the largest.

    Raises:
        UnreadableImageError: no candidate can be opened.
        ValueError: there is none, or several might be it.
    """
    if not job.paths:
        raise ValueError('no file of its mask')
    sources = _open_all(job.paths)
    fitting = [source for source in sources if _size(source) == (job.rows, job.columns)]
    candidates = fitting or sources
    if len(candidates) > 1:
        candidates = [source for source in candidates if _is_described_as_mask(source.header.path)] or candidates
    if len(candidates) > 1 and not fitting:
        largest = max(map(_area, candidates))
        candidates = [source for source in candidates if _area(source) == largest]
    if len(candidates) > 1:
        names = ', '.join(source.header.path.name for source in candidates)
        raise ValueError(f'several files might be its mask: {names}')
    return candidates[0]


def _open_all(paths: Sequence[Path]) -> list[ImageSource]:
    """Those that can be opened: a broken cropped image must not cost the mask beside it.

    Raises:
        UnreadableImageError: none can; the first one's reason.
    """
    sources, errors = [], []
    for path in paths:
        try:
            sources.append(open_image(path))
        except UnreadableImageError as error:
            errors.append(error)
    if not sources:
        raise errors[0]
    return sources


def _read_binary(source: ImageSource) -> npt.NDArray[np.bool_]:
    """(H, W) bool.

    Raises:
        UnreadableImageError: the file has more than two values: a cropped image, not a mask.
    """
    if source.header.pixel_problem:
        raise UnreadableImageError(source.header.path, source.header.pixel_problem)
    (pixels,) = source.iter_slices([0], voi='none')
    marked = pixels > 0
    if marked.any() and (pixels[marked] != pixels.max()).any():
        raise UnreadableImageError(source.header.path, 'has more than two values: an image, not a mask')
    return marked


def _is_described_as_mask(path: Path) -> bool:
    with disable_value_validation():
        dataset = dcmread(path, stop_before_pixels=True, specific_tags=['SeriesDescription'])
    return 'mask' in str(dataset.get('SeriesDescription', '')).lower()


def _size(source: ImageSource) -> tuple[int, int]:
    return source.header.rows, source.header.columns


def _area(source: ImageSource) -> int:
    return source.header.rows * source.header.columns
