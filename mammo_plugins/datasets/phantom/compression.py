"""From the breast frame to a compressed view and back.

A view has columns along x (chest wall to nipple), rows along r (CC: lateral up; MLO: the upper-outer direction up)
and slices along z (CC: caudal to cranial; MLO: lower-outer to upper-inner), all in mm, in canonical orientation.
Compression keeps each column of tissue along the beam: the chord of the half ball at a point of the view is squeezed
to the compressed thickness there. CC looks along ``w``; MLO looks along a direction turned by 45 degrees about the
chest-nipple axis, so a point of the breast keeps its identity in both views.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from .anatomy import THICKEST_MM, BreastAnatomy
from .settings import ImagingSettings

_HALF_TURN = np.float32(np.sqrt(0.5))
_PECTORAL_BULGE = 0.35


@dataclass(frozen=True)
class VerticalExtent:
    """Heights of a view against the unit ball: 1 lies ``above_mm`` over the nipple, -1 ``below_mm`` under it.

    Above the nipple the scale grows steadily from that below it, so that tissue shows no seam there.
    """

    above_mm: float
    below_mm: float

    @classmethod
    def of_view(cls, position: str, half_width_mm: float, above_nipple_mm: float) -> VerticalExtent:
        """In MLO the upper half ends beyond the image, where the breast passes into the axilla."""
        if position == 'CC':
            return cls(half_width_mm, half_width_mm)
        return cls(max(half_width_mm, 1.08 * above_nipple_mm), 0.86 * half_width_mm)

    def height_mm(self, share: np.ndarray) -> np.ndarray:
        """Height over the nipple of a coordinate of the unit ball."""
        return self.below_mm * share + (self.above_mm - self.below_mm) * np.clip(share, 0, None) ** 2

    def share(self, height_mm: np.ndarray) -> np.ndarray:
        """The inverse of :meth:`height_mm`."""
        excess = self.above_mm - self.below_mm
        raised = np.clip(height_mm, 0, None)
        upper = 2 * raised / (self.below_mm + np.sqrt(self.below_mm**2 + 4 * excess * raised))
        return np.where(height_mm >= 0, upper, height_mm / self.below_mm)


@dataclass(frozen=True)
class CompressedView:
    """Geometry of one view on the pixel grid of the image.

    Attributes:
        position: ``CC`` or ``MLO``.
        nipple_row: row of the nipple, pixel edges at whole numbers.
        lean: columns by which the outline moves outwards for each row upwards (see ``mlo_tilt_deg``).
        extent: heights over the nipple.
        skin_distance_mm: (H, W) distance to the skin line, 0 outside of the breast.
        half_thickness_mm: (H, W) half of the compressed thickness, 0 outside.
        pectoral_mm: (H, W) signed distance into the pectoral muscle, negative outside of it.
        slice_z_mm: (S,) height of each slice's centre over the middle plane.
        columns_used: columns from the chest wall on that the breast covers.
    """

    position: str
    anatomy: BreastAnatomy
    pixel_mm: float
    nipple_row: float
    lean: float
    extent: VerticalExtent
    skin_distance_mm: np.ndarray
    half_thickness_mm: np.ndarray
    pectoral_mm: np.ndarray
    slice_z_mm: np.ndarray
    columns_used: int

    @property
    def slice_mm(self) -> float:
        return float(self.slice_z_mm[1] - self.slice_z_mm[0])

    @property
    def thickness_mm(self) -> float:
        return self.slice_mm * len(self.slice_z_mm)

    def to_view_mm(self, points: np.ndarray) -> np.ndarray:
        """Breast-frame points ``(n, 3)`` to ``(n, 3)`` x, r, z in mm; needs points inside of the breast."""
        a, y, w = points.T
        b, c = (y, w) if self.position == 'CC' else ((y + w) * _HALF_TURN, (w - y) * _HALF_TURN)
        r_mm = self.extent.height_mm(b)
        x_mm = a / np.sqrt(1 - b * b) * self._outline_mm(b)
        chord = np.sqrt(np.clip(1 - a * a - b * b, 1e-4, None))
        rows, columns = self.to_pixels(x_mm, r_mm)
        height, width = self.half_thickness_mm.shape
        half = self.half_thickness_mm[
            np.clip(rows, 0, height - 1).astype(int), np.clip(columns, 0, width - 1).astype(int)
        ]
        return np.stack([x_mm, r_mm, c / chord * half], axis=1)

    def to_breast(self, x_mm: np.ndarray, r_mm: np.ndarray, height_share: np.ndarray) -> np.ndarray:
        """View points to breast-frame points ``(3, n)``; ``height_share`` is z over the half thickness, -1..1."""
        b = np.clip(self.extent.share(r_mm), -0.995, 0.995)
        a = np.clip(x_mm / self._outline_mm(b), 0, 1) * np.sqrt(1 - b * b)
        c = height_share * np.sqrt(np.clip(1 - a * a - b * b, 0, None))
        y, w = (b, c) if self.position == 'CC' else ((b - c) * _HALF_TURN, (b + c) * _HALF_TURN)
        return np.stack([a, y, w]).astype(np.float32)

    def offsets_to_breast(self, x: np.ndarray, r: np.ndarray, z: np.ndarray) -> tuple[np.ndarray, ...]:
        """Small displacements of the view to displacements of the breast frame, in mm."""
        return (x, r, z) if self.position == 'CC' else (x, (r - z) * _HALF_TURN, (r + z) * _HALF_TURN)

    def offsets_to_view(self, x: np.ndarray, y: np.ndarray, w: np.ndarray) -> tuple[np.ndarray, ...]:
        """The inverse of :meth:`offsets_to_breast`."""
        return (x, y, w) if self.position == 'CC' else (x, (y + w) * _HALF_TURN, (w - y) * _HALF_TURN)

    def to_pixels(self, x_mm: np.ndarray, r_mm: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """View mm to continuous rows and columns (pixel edges at whole numbers)."""
        return self.nipple_row - r_mm / self.pixel_mm, x_mm / self.pixel_mm

    def _outline_mm(self, b: np.ndarray) -> np.ndarray:
        return outline_mm(self.position, self.anatomy.depth_mm, b, self.lean * self.extent.height_mm(b))

    @property
    def nipple_mm(self) -> tuple[float, float]:
        """x from the chest wall's side and y from the upper edge of the image."""
        return self.anatomy.depth_mm, self.nipple_row * self.pixel_mm

    @property
    def chest_wall_mm(self) -> tuple[float, float, float, float]:
        """x, y of two points of the chest wall: the image edge, or the line that fits the pectoral border best."""
        if self.position == 'CC':
            return 0.0, 0.0, 0.0, self.skin_distance_mm.shape[0] * self.pixel_mm
        width_mm, length_mm = self.anatomy.pectoral_mm
        upper_mm = width_mm * (1 + _PECTORAL_BULGE / 6)  # least squares over the border of _pectoral_distance
        return upper_mm, 0.0, 0.0, length_mm * upper_mm / width_mm


def outline_mm(position: str, depth_mm: float, b: np.ndarray, leaning_mm: np.ndarray | float = 0.0) -> np.ndarray:
    """Distance of the skin line from the chest wall at heights ``b`` (-1 lower end, 0 nipple, 1 upper end).

    Args:
        position: ``CC`` or ``MLO``.
        depth_mm: of the breast.
        b: (n,) heights.
        leaning_mm: how far outwards the outline of an MLO is moved at each height, (n,).
    """
    ellipse = np.sqrt(np.clip(1 - np.abs(b) ** 2.2, 1e-6, None))
    if position == 'CC':
        return depth_mm * ellipse
    upper = 0.42 + 0.58 * np.cos(np.clip(b, 0, 1) * np.pi / 2) ** 1.25
    return np.where(b >= 0, depth_mm * upper + leaning_mm, (depth_mm + leaning_mm) * ellipse)


def compress(anatomy: BreastAnatomy, position: str, imaging: ImagingSettings) -> CompressedView:
    """Places a breast on the detector."""
    rows, columns, pixel_mm = imaging.rows, imaging.columns, imaging.pixel_mm
    nipple_row = rows * (0.5 if position == 'CC' else anatomy.nipple_share)
    r_mm = (nipple_row - np.arange(rows, dtype=np.float32) - 0.5) * pixel_mm
    x_mm = (np.arange(columns, dtype=np.float32) + 0.5) * pixel_mm
    extent = VerticalExtent.of_view(position, anatomy.half_width_mm, nipple_row * pixel_mm)
    lean = math.tan(math.radians(imaging.mlo_tilt_deg)) if position == 'MLO' else 0.0
    b = extent.share(r_mm)
    edge_mm = np.where(np.abs(b) < 1, outline_mm(position, anatomy.depth_mm, np.clip(b, -1, 1), lean * r_mm), 0)
    distance = _skin_distance(x_mm[None] < edge_mm[:, None], pixel_mm, open_top=position == 'MLO')
    half = anatomy.thickness_mm / 2
    rounded = np.clip(distance / half, 0, 1)
    half_thickness = half * np.sqrt(np.clip(1 - (1 - rounded) ** 2, 0, None))
    slices = max(4, round(imaging.slices * anatomy.thickness_mm / THICKEST_MM))
    slice_mm = anatomy.thickness_mm / slices
    return CompressedView(
        position=position,
        anatomy=anatomy,
        pixel_mm=pixel_mm,
        nipple_row=nipple_row,
        lean=lean,
        extent=extent,
        skin_distance_mm=distance,
        half_thickness_mm=half_thickness.astype(np.float32),
        pectoral_mm=_pectoral_distance(anatomy, position, imaging),
        slice_z_mm=((np.arange(slices) - (slices - 1) / 2) * slice_mm).astype(np.float32),
        columns_used=min(columns, int(np.ceil(edge_mm.max() / pixel_mm)) + 3),
    )


def _skin_distance(inside: np.ndarray, pixel_mm: float, open_top: bool) -> np.ndarray:
    """Distance to the skin; the chest wall and, in MLO, the upper edge are no skin."""
    margin = inside.shape[1] // 2
    top = margin if open_top else 0
    padded = np.pad(inside, ((top, 0), (margin, 0)), mode='edge')
    padded = np.pad(padded, ((0 if open_top else 1, 1), (0, 1)))
    distance = cv2.distanceTransform(padded.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    first = top if open_top else 1
    distance = distance[first : first + inside.shape[0], margin : margin + inside.shape[1]]
    return np.clip(distance - 0.5, 0, None).astype(np.float32) * np.float32(pixel_mm)


def _pectoral_distance(anatomy: BreastAnatomy, position: str, imaging: ImagingSettings) -> np.ndarray:
    """Signed distance into the muscle: a triangle at the upper chest wall with a slightly convex border."""
    if position == 'CC':
        return np.full((imaging.rows, imaging.columns), -1e3, dtype=np.float32)
    width_mm, length_mm = anatomy.pectoral_mm
    down_mm = ((np.arange(imaging.rows, dtype=np.float32) + 0.5) * imaging.pixel_mm)[:, None]
    x_mm = ((np.arange(imaging.columns, dtype=np.float32) + 0.5) * imaging.pixel_mm)[None]
    share = down_mm / length_mm
    border = width_mm * (1 - share) * (1 + _PECTORAL_BULGE * share)
    return ((border - x_mm) * np.float32(np.cos(np.arctan2(width_mm, length_mm)))).astype(np.float32)
