"""How the values of a MetaImage lie in its file: as the header says, or as the VICTRE pipeline writes them.

VICTRE simulates mammograms and tomosynthesis (T-SYNTH and M-SYNTH are made with it). Its files differ from their
headers, always in the same way, and are known by their names:

=========================  =========================================================================================
``reconstruction<n>.mhd``  a volume as announced, whose slices lie on their side: x runs along the chest wall
the same, computed C-View  the header of the volume, and one float32 image that stands upright: X rows of Y pixels
``projection_DM<n>.mhd``   one float32 image announced, two written (the second is none to look at), on their side
=========================  =========================================================================================

The upright frame, in which the owners draw boxes and compute the C-View, has the chest wall at the left: column y and
row X - 1 - x of a value that lies at (x, y). All breasts are right ones in craniocaudal compression.

Source: DIDSR/VICTRE_PIPELINE, Pipeline.py (``project``, ``reconstruct``, ``save_ROIs``); DIDSR/tsynth-release,
custom_datasets.py (``DbtSynthDataset``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np

from .meta_image_header import MetaImageHeader
from .unreadable_image import UnreadableImageError

VICTRE_VIEW = 'R-CC'
VICTRE = 'VICTRE'

_NAME = re.compile(r'(reconstruction|projection_DM)\d+\.mhd')
_CVIEW_TYPE = np.dtype('<f4')


@dataclass(frozen=True)
class StoredLayout:
    """Where the values of each slice are.

    Attributes:
        modality: ``FFDM``, ``SM`` or ``DBT``.
        slices, rows, columns: of the values as they lie in the file, row by row.
        dtype: of one value.
        images_written: how often the announced bytes are there; the first is the image.
        lies_on_side: whether slices are turned to stand upright.
        is_victre: whether the file is of the VICTRE pipeline.
    """

    modality: str
    slices: int
    rows: int
    columns: int
    dtype: np.dtype
    images_written: int = 1
    lies_on_side: bool = False
    is_victre: bool = False

    @property
    def num_bytes(self) -> int:
        """Bytes that the file must have for its values."""
        return self.images_written * self.slices * self.rows * self.columns * self.dtype.itemsize

    def upright(self, plane: np.ndarray) -> np.ndarray:
        """A slice, mask or other picture (rows, columns) as it is to be seen."""
        return plane.T[::-1] if self.lies_on_side else plane


def find_layout(header: MetaImageHeader, available: int) -> StoredLayout:
    """The layout of an image.

    Args:
        header: what it announces.
        available: bytes of its data file from the first value on.

    Raises:
        UnreadableImageError: the file has other bytes than any layout needs; names the file.
    """
    columns, rows, slices = (*header.sizes, 1)[:3]
    stated = StoredLayout('DBT' if slices > 1 else 'FFDM', slices, rows, columns, header.dtype)
    layouts = _victre_layouts(header, stated) if _NAME.fullmatch(header.path.name) else [stated]
    for layout in layouts:
        if layout.num_bytes == available:
            return layout
    announced = f'DimSize {" x ".join(map(str, header.sizes))} of {header.dtype.name}'
    needed = ' or '.join(str(layout.num_bytes) for layout in layouts)
    raise UnreadableImageError(
        header.path,
        f'{header.data_path.name} has {max(0, available)} bytes of pixels, {announced} needs {needed}: an '
        'incomplete download, or the data of another header',
    )


def _victre_layouts(header: MetaImageHeader, stated: StoredLayout) -> list[StoredLayout]:
    on_side = replace(stated, lies_on_side=True, is_victre=True)
    if header.path.name.startswith('projection'):
        return [replace(on_side, images_written=2), on_side]
    upright = StoredLayout('SM', 1, stated.columns, stated.rows, _CVIEW_TYPE, is_victre=True)
    return [replace(on_side, modality='DBT'), upright]


def upright_point(x: float, y: float, width: int) -> tuple[float, float]:
    """(column, row) in the upright frame of the centre of the value (x, y) of a slice of ``width`` values a row.

    Coordinates are continuous, with 0 on the edge of the image.
    """
    return y + 0.5, width - (x + 0.5)


def window_of(smallest: float, largest: float, mean: float, deviation: float) -> tuple[float, float]:
    """The values that are shown from black to white of a VICTRE volume or projection.

    Up to two standard deviations above the mean, as the owners show them, of the tissue: for projections they take the
    part of the image that holds the breast, and the mean of a whole volume, most of which is air, would make much of
    the breast white. From 0 or the smallest value above it: less than no attenuation is an artefact, which VICTRE's own
    export cuts off too.

    Args:
        smallest, largest: of all values.
        mean, deviation: of the tissue.

    Source: DIDSR/tsynth-release (``MSynthDetectionDataset``, ``DbtSynthDataset.get_image``); DIDSR/VICTRE_PIPELINE
    (``save_DICOM``).
    """
    low, high = max(smallest, 0.0), min(largest, mean + 2 * deviation)
    return (low, high) if high > low else (smallest, largest)
