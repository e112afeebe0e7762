"""Which way a stored image has to be flipped to lie in the canonical orientation.

Canonical: chest wall on the left image edge, nipple to the right, cranial (oblique and lateral views) or lateral
(craniocaudal views) side up. Decide once a volume and apply the same flips to each slice and box.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mammo_plugins.structures import ViewKey

_STRIP_FRACTION = 0.05


@dataclass(frozen=True)
class OrientationFlips:
    """Mirroring of the columns (``horizontal``) and of the rows (``vertical``); its own inverse."""

    horizontal: bool = False
    vertical: bool = False

    def apply(self, pixels: npt.NDArray) -> npt.NDArray:
        """A view of ``pixels`` (..., H, W) with the last two axes flipped."""
        rows = slice(None, None, -1) if self.vertical else slice(None)
        columns = slice(None, None, -1) if self.horizontal else slice(None)
        return pixels[..., rows, columns]

    def homography(self, width: int, height: int) -> npt.NDArray[np.float64]:
        """(3, 3) matrix that maps stored (x, y, 1) to canonical (x, y, 1), and, being its own inverse, back.

        Coordinates are continuous with 0 and ``width`` on the image's edges, so the edge ``x`` of a box becomes
        ``width - x`` and integer boxes stay integer.

        Args:
            width, height: size of the stored image in pixels.
        """
        matrix = np.eye(3)
        if self.horizontal:
            matrix[0, [0, 2]] = -1.0, width
        if self.vertical:
            matrix[1, [1, 2]] = -1.0, height
        return matrix

    def apply_to_box(
        self, box_xywh: tuple[float, float, float, float], width: int, height: int
    ) -> tuple[float, float, float, float]:
        """A box (x, y, width, height) moved with the pixels of an image of ``width`` x ``height``."""
        x, y, box_width, box_height = box_xywh
        return (
            width - x - box_width if self.horizontal else x,
            height - y - box_height if self.vertical else y,
            box_width,
            box_height,
        )


def chest_wall_side(pixels_2d: npt.NDArray, edge_columns: int | None = None) -> str:
    """The image edge that the breast touches: ``'left'`` or ``'right'``.

    The brighter of the two edge strips wins; an image whose strips are equally bright (a blank one) counts as left,
    which means that it is not flipped.

    Args:
        pixels_2d: (H, W), dark background, dense tissue bright.
        edge_columns: width of the strips; 5 % of the image where None, so that a blank border of some pixels does not
            decide. The BCS-DBT release looks at 1 column.

    Raises:
        ValueError: not a 2-D image, or strips that do not fit it.
    """
    if pixels_2d.ndim != 2 or pixels_2d.size == 0:
        raise ValueError(f'expected one image (H, W), got an array of shape {pixels_2d.shape}')
    columns = pixels_2d.shape[1]
    strip = max(1, round(_STRIP_FRACTION * columns)) if edge_columns is None else edge_columns
    if not 1 <= strip <= columns:
        raise ValueError(f'strips of {strip} columns do not fit an image of {columns} columns')
    left, right = pixels_2d[:, :strip], pixels_2d[:, columns - strip :]
    return 'right' if right.sum(dtype=np.float64) > left.sum(dtype=np.float64) else 'left'


def canonical_flips(
    pixels_2d: npt.NDArray,
    *,
    rotated_180: bool | None = None,
    patient_orientation: Sequence[str] | None = None,
    view: ViewKey | None = None,
) -> OrientationFlips:
    """Decides the flips of an image or, from one of its middle slices, of a volume.

    The side of the chest wall is seen in the pixels, never taken from the header. Which end is up cannot be seen
    reliably: it is ``rotated_180`` where a release's annotation says so, else the direction of the columns in Patient
    Orientation (0020,0020) where present, else up is assumed to be up, as mammograms are stored.

    Args:
        pixels_2d: (H, W), dark background, dense tissue bright.
        rotated_180: of the annotation record; None where there is no record.
        patient_orientation: (row direction, column direction) of the header, such as ``('A', 'FR')``.
        view: its side tells lateral from medial.

    Raises:
        ValueError: the image is stored turned by 90 degrees (column direction anterior or posterior), which flips
            cannot undo.

    Source: DICOM PS3.3 C.7.6.1.1.1 (Patient Orientation).
    """
    horizontal = chest_wall_side(pixels_2d) == 'right'
    if rotated_180 is not None:
        return OrientationFlips(horizontal, rotated_180)
    return OrientationFlips(horizontal, is_upside_down(patient_orientation, view))


def is_upside_down(patient_orientation: Sequence[str] | None, view: ViewKey | None) -> bool:
    """Whether the head (in craniocaudal views: the lateral side) lies at the image's lower end.

    Args:
        patient_orientation: (row direction, column direction), or None; unintelligible values count as absent.
        view: side and projection, or None where unknown.

    Raises:
        ValueError: the columns run along the anterior-posterior axis: the image is stored turned by 90 degrees.
    """
    if patient_orientation is None or len(patient_orientation) != 2:
        return False
    down = patient_orientation[1].strip().upper()
    if not down or not set(down) <= set('APLRHF'):
        return False
    if set(down) <= set('AP'):
        raise ValueError(
            f'Patient Orientation {"/".join(patient_orientation)} says that the image is stored turned by 90 degrees: '
            'turn it before reading'
        )
    if set(down) & set('HF'):
        return 'H' in down
    # Down the image lies the patient's left or right: the lateral side of the breast belongs at the top.
    return view is not None and view.laterality.value in down
