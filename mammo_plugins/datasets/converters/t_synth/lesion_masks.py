"""Masks of masses: the tissue of every value of an image, in ``reconstruction_mask<n>.h5``, data set ``dbt``.

The mask of a volume lies as the volume's values do, that of a C-View upright like the C-View.

Source: DIDSR/tsynth-release, custom_datasets.py (``DbtSynthDataset.get_mask``).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mammo_plugins.io.meta_image import MetaImage

from ..box_clipping import Box
from ..mask_encoding import box_of_mask, encode_mask

DATASET = 'dbt'
MASS = 200
"""The label of the mass among the tissues."""


@dataclass(frozen=True)
class MaskJob:
    """What to read.

    Attributes:
        mask_path, image_path: the mask, and the header of the image that it belongs to.
    """

    mask_path: Path
    image_path: Path


@dataclass(frozen=True)
class LesionMask:
    """The mass in an image, in the upright frame.

    Attributes:
        box_xywh: around it, over all slices; None where there is a problem.
        segmentation: run-length encoding of what it covers in any slice.
        first_slice, last_slice: where it begins and ends.
        largest_slice: the slice of which it covers most, the first of several.
        problem: why there is none, or None.
    """

    box_xywh: Box | None = None
    segmentation: dict[str, Any] | None = None
    first_slice: int = 0
    last_slice: int = 0
    largest_slice: int = 0
    problem: str | None = None


def mask_beside(image_path: Path) -> Path:
    """Where the mask of a volume or C-View lies."""
    number = image_path.stem.removeprefix('reconstruction')
    return image_path.with_name(f'reconstruction_mask{number}.h5')


def read_lesion_mask(job: MaskJob) -> LesionMask:
    """Reads and measures a mask slice by slice; whatever is wrong is told in ``problem``."""
    try:
        return _measure(job)
    except ValueError as error:
        return LesionMask(problem=str(error))
    except Exception as error:  # the library raises what it likes for a damaged file
        return LesionMask(problem=f'cannot be read ({type(error).__name__})')


def _measure(job: MaskJob) -> LesionMask:
    layout = MetaImage(job.image_path).layout
    areas = np.zeros(layout.slices, np.int64)
    covered = np.zeros((layout.rows, layout.columns), bool)
    for index, plane in enumerate(_planes(job.mask_path, (layout.slices, layout.rows, layout.columns))):
        areas[index] = np.count_nonzero(plane)
        covered |= plane
    upright = layout.upright(covered)
    if (box := box_of_mask(upright)) is None:
        raise ValueError(f'no value is {MASS}, the mass')
    inside = np.flatnonzero(areas)
    return LesionMask(box, encode_mask(upright), int(inside[0]), int(inside[-1]), int(areas.argmax()))


def _planes(path: Path, shape: tuple[int, int, int]) -> Iterator[np.ndarray]:
    """Whether each value of a slice is of the mass, (rows, columns) as the image's values lie in its file."""
    import h5py

    with h5py.File(path, 'r') as file:
        if not isinstance(file.get(DATASET, getlink=True), h5py.HardLink):
            raise ValueError(f'holds no data set {DATASET!r}')
        tissue = file[DATASET]
        if not isinstance(tissue, h5py.Dataset) or tissue.external or tissue.is_virtual:
            raise ValueError(f'{DATASET!r} is no data set in the file itself')
        stored = tissue.shape if len(tissue.shape) == 3 else (1, *tissue.shape)
        if stored != shape or tissue.dtype.kind not in 'uifb':
            raise ValueError(f'holds {tissue.shape} values of type {tissue.dtype}, the image {shape}')
        if tissue.chunks and math.prod(tissue.chunks) > math.prod(shape):
            raise ValueError('is stored in chunks larger than the image')
        for index in range(shape[0]):
            yield (tissue[index] if len(tissue.shape) == 3 else tissue[()]) == MASS
