"""Which way a stored image has to be flipped to lie in the canonical orientation.

Canonical: chest wall on the left image edge, nipple to the right, cranial (oblique and lateral views) or lateral
(craniocaudal views) side up. Decide once a volume and apply the same flips to each slice and box.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mammo_plugins.structures import Laterality, ViewKey

_STRIP_FRACTION = 0.05
_FEWEST_TRIMMED_COLUMNS = 3
_TRIMMED_FRACTION = 0.05  # of the columns of a strip, one at least
_BREAST_LEVEL = 0.05  # of the range of grey values
_CLEARLY_LESS = (
    0.75  # of the share of the upper or lower edge: a cropped oblique view has 0.9 of one and all of the other
)
_EQUALLY_BRIGHT = 1e-7  # of the brighter strip: no more than the rounding of 32-bit grey values makes


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

    The brighter of the two edge strips wins. An image whose strips are equally bright counts as left, which means that
    it is not flipped: a blank one, and one whose sums differ by no more than rounding does (1e-7 of the larger).

    Args:
        pixels_2d: (H, W), dark background, dense tissue bright.
        edge_columns: width of the strips; where None 5 % of the image without the brightest 5 % of their columns (one
            at least of three or more), so that neither a blank border of some pixels nor a bright column decides. The
            BCS-DBT release looks at 1 column.

    Raises:
        ValueError: not a 2-D image, or strips that do not fit it.
    """
    if pixels_2d.ndim != 2 or pixels_2d.size == 0:
        raise ValueError(f'expected one image (H, W), got an array of shape {pixels_2d.shape}')
    columns = pixels_2d.shape[1]
    strip = max(1, round(_STRIP_FRACTION * columns)) if edge_columns is None else edge_columns
    if not 1 <= strip <= columns:
        raise ValueError(f'strips of {strip} columns do not fit an image of {columns} columns')
    trimmed = 0
    if edge_columns is None and strip >= _FEWEST_TRIMMED_COLUMNS:
        trimmed = max(1, round(_TRIMMED_FRACTION * strip))
    left, right = (
        float(np.sort(part.sum(axis=0, dtype=np.float64))[: strip - trimmed].sum())
        for part in (pixels_2d[:, :strip], pixels_2d[:, columns - strip :])
    )
    return 'right' if right - left > _EQUALLY_BRIGHT * abs(right) else 'left'


@dataclass(frozen=True)
class WayUp:
    """How an image is stored, by its pixels, its record and its header together.

    Attributes:
        flips: what brings it into the canonical orientation.
        problem: why flips cannot, or None; ``flips`` then leaves it as it is.
        doubt: what header and pixels do not agree on, or None.
    """

    flips: OrientationFlips
    problem: str | None = None
    doubt: str | None = None


def decide_way_up(
    pixels_2d: npt.NDArray,
    *,
    rotated_180: bool | None = None,
    patient_orientation: Sequence[str] | None = None,
    view: ViewKey | None = None,
) -> WayUp:
    """The one decision about which way an image lies, for every command.

    The side of the chest wall is seen in the pixels, never taken from the header. Which end is up cannot be seen
    reliably: a record that says that the image is stored turned decides, then the direction of the columns in Patient
    Orientation (0020,0020), else up is assumed to be up, as mammograms are stored. Headers are wrong at times, so that
    Patient Orientation is believed only where its direction of the rows agrees with the pixels. Where it is not there,
    a breast that clearly touches the upper or lower edge more than both others is in doubt.

    Args:
        pixels_2d: (H, W), dark background; the middle slice or the maximum of a volume.
        rotated_180: of the annotation record; false or None where it does not say that the image is turned.
        patient_orientation: (row direction, column direction) of the header, such as ``('A', 'FR')``.
        view: its side tells lateral from medial.

    Source: DICOM PS3.3 C.7.6.1.1.1 (Patient Orientation).
    """
    side = chest_wall_side(pixels_2d)
    is_turned = bool(rotated_180)
    upright = OrientationFlips(side == 'right', is_turned)
    along_row, along_column = _directions(patient_orientation)
    if is_turned or not along_column:
        return WayUp(upright, doubt=_doubt_edges(pixels_2d))
    written = '\\'.join(patient_orientation or ())
    if is_sideways(patient_orientation):
        reason = f'Patient Orientation {written} says that the image is stored turned by 90 degrees'
        if _touches_top_or_bottom(pixels_2d):
            return WayUp(upright, problem=f'{reason}, and so do the pixels: turn it before reading')
        return WayUp(upright, doubt=f'{reason}, the pixels do not: not used')
    if along_row[:1] in ('A', 'P') and (along_row[0] == 'A') != (side == 'left'):
        reason = f'Patient Orientation {written} does not fit the pixels'
        return WayUp(upright, doubt=f'{reason}, whose chest wall lies on the {side}: not used')
    return WayUp(OrientationFlips(side == 'right', is_upside_down(patient_orientation, view)))


def canonical_flips(
    pixels_2d: npt.NDArray,
    *,
    rotated_180: bool | None = None,
    patient_orientation: Sequence[str] | None = None,
    view: ViewKey | None = None,
) -> OrientationFlips:
    """The flips of :func:`decide_way_up`, which says what the arguments are.

    Raises:
        ValueError: the image is stored turned by 90 degrees, which flips cannot undo.
    """
    decided = decide_way_up(pixels_2d, rotated_180=rotated_180, patient_orientation=patient_orientation, view=view)
    if decided.problem:
        raise ValueError(decided.problem)
    return decided.flips


def is_upside_down(patient_orientation: Sequence[str] | None, view: ViewKey | None) -> bool:
    """Whether the head (in craniocaudal views: the lateral side) lies at the image's lower end, by the header alone.

    Args:
        patient_orientation: (row direction, column direction), or None; unintelligible values count as absent.
        view: side and projection, or None where unknown.

    Source: DICOM PS3.3 C.7.6.1.1.1: the first letter is the principal direction, those after it refine it.
    """
    _, down = _directions(patient_orientation)
    seen_from_above = view is not None and view.position.is_craniocaudal and down[:1] in ('L', 'R')
    if set(down) & set('HF') and not seen_from_above:  # oblique planes lean: head or feet may come second
        return 'H' in down
    # Down the image lies the patient's left or right: the lateral side of the breast belongs at the top.
    sides = [letter for letter in down if letter in 'LR']
    return view is not None and sides[:1] == [view.laterality.value]


def is_sideways(patient_orientation: Sequence[str] | None) -> bool:
    """Whether the columns run chiefly between front and back by the header: an image that is turned by 90 degrees."""
    _, down = _directions(patient_orientation)
    return down[:1] in ('A', 'P')


def is_stored_turned(pixels_2d: npt.NDArray, side: Laterality, edge_columns: int | None = None) -> bool:
    """Whether the chest wall lies on the other side than that of an upright image of this breast.

    A left breast is stored with its chest wall on the left, a right one on the right. Where the pixels say otherwise,
    the whole image is turned by 180 degrees or mirrored.

    Args:
        pixels_2d: (H, W) stored values, not windowed ones: the outermost columns may be saturated by a window.
        side: of the breast, by a release's table or the header.
        edge_columns: see :func:`chest_wall_side`; 1 is the rule of the BCS-DBT release, whose boxes follow it.
    """
    return chest_wall_side(pixels_2d, edge_columns) != ('left' if side is Laterality.LEFT else 'right')


def _directions(patient_orientation: Sequence[str] | None) -> tuple[str, str]:
    """Directions of the rows and of the columns; empty where they are absent or unintelligible."""
    if patient_orientation is None or len(patient_orientation) != 2:
        return '', ''
    along_row, along_column = (text.strip().upper() for text in patient_orientation)
    if not along_column or not set(along_column) <= set('APLRHF'):
        return '', ''
    return along_row, along_column


def _touches_top_or_bottom(pixels_2d: npt.NDArray) -> bool:
    """Whether the breast touches the upper or lower edge over a greater part than the left and the right one."""
    rows, columns = _touched_shares(pixels_2d)
    return rows > columns


def _doubt_edges(pixels_2d: npt.NDArray) -> str | None:
    rows, columns = _touched_shares(pixels_2d)
    if columns >= _CLEARLY_LESS * rows:
        return None
    reason = f'the breast touches {rows:.0%} of the upper or lower edge and {columns:.0%} of the left or right one'
    return f'{reason}: perhaps stored turned by 90 degrees'


def _touched_shares(pixels_2d: npt.NDArray) -> tuple[float, float]:
    """Share of the upper or lower edge that the breast touches, and of the left or right one; the greater of each."""
    height, width = (max(1, round(_STRIP_FRACTION * length)) for length in pixels_2d.shape)
    darkest = float(pixels_2d.min())
    level = darkest + _BREAST_LEVEL * (float(pixels_2d.max()) - darkest)
    rows = max((strip > level).any(axis=0).mean() for strip in (pixels_2d[:height], pixels_2d[-height:]))
    columns = max((strip > level).any(axis=1).mean() for strip in (pixels_2d[:, :width], pixels_2d[:, -width:]))
    return float(rows), float(columns)
