"""What is true of each image: boxes, slices and masks, in the frame in which the image is stored."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .compression import CompressedView
from .findings import Finding
from .lesion_rendering import LesionPatch

_MARGIN_MM = 0.6


@dataclass(frozen=True)
class StoredOrientation:
    """How a canonical image (chest wall left) is turned before it is stored.

    Attributes:
        mirrored: right breasts are stored with the chest wall on the right.
        rotated_180: both axes reversed, which the release's tables do not mention.
    """

    mirrored: bool
    rotated_180: bool = False

    def turn(self, image: np.ndarray) -> np.ndarray:
        """A canonical image ``(..., H, W)`` as it is stored."""
        image = image[..., ::-1] if self.mirrored != self.rotated_180 else image
        return image[..., ::-1, :] if self.rotated_180 else image

    def turn_box(self, box_xywh: tuple[float, ...], width: int, height: int) -> tuple[float, float, float, float]:
        """A canonical box in stored pixels."""
        x, y, w, h = box_xywh
        if self.mirrored != self.rotated_180:
            x = width - x - w
        if self.rotated_180:
            y = height - y - h
        return x, y, w, h


@dataclass(frozen=True)
class ViewTruth:
    """A finding in one view, canonical orientation.

    Attributes:
        finding: the finding.
        box_xywh: box around the silhouette with a small margin, pixels.
        slice_index: slice with the largest extent.
        first_slice, last_slice: slices in which it stands out.
        mask: (H, W) bool.
    """

    finding: Finding
    box_xywh: tuple[float, float, float, float]
    slice_index: int
    first_slice: int
    last_slice: int
    mask: np.ndarray


def describe_finding(
    patch: LesionPatch, view: CompressedView, largest_tangent: float, visible_contrast: float
) -> ViewTruth:
    """Derives the ground truth of a finding in a view from what was drawn.

    Args:
        patch: the drawn finding.
        view: geometry.
        largest_tangent: of the tube's angles; out of its plane, a detail of size d has lost half of its contrast
            where the shift between the outermost projections exceeds d.
        visible_contrast: share of the best slice's contrast that still counts as visible.

    A finding that covers the centre of no pixel, as happens with coarse pixels, has the pixel of the breast that is
    nearest to its middle.
    """
    height, width = view.skin_distance_mm.shape
    mask = np.zeros((height, width), dtype=bool)
    rows, columns = patch.silhouette.shape
    mask[patch.top : patch.top + rows, patch.left : patch.left + columns] = patch.silhouette
    inside = view.skin_distance_mm > 0
    mask &= inside
    if not mask.any():
        mask[_nearest(inside, patch.top + (rows - 1) / 2, patch.left + (columns - 1) / 2)] = True
    ys, xs = np.nonzero(mask)
    margin = _MARGIN_MM / view.pixel_mm
    left, right = max(0.0, xs.min() - margin), min(float(width), xs.max() + 1 + margin)
    top, bottom = max(0.0, ys.min() - margin), min(float(height), ys.max() + 1 + margin)
    drawn = patch.first_slice + np.flatnonzero(patch.slice_extent > 0.35 * patch.slice_extent.max())
    detail_mm = 0.5 * (bottom - top) * view.pixel_mm
    if patch.finding.shape.kind != 'mass':
        detail_mm = min(detail_mm, 3.0)
    blur_slices = round((1 - visible_contrast) * detail_mm / (2 * largest_tangent) / view.slice_mm)
    return ViewTruth(
        finding=patch.finding,
        box_xywh=(left, top, right - left, bottom - top),
        slice_index=patch.best_slice,
        first_slice=max(0, int(drawn.min()) - blur_slices),
        last_slice=min(len(view.slice_z_mm) - 1, int(drawn.max()) + blur_slices),
        mask=mask,
    )


def _nearest(inside: np.ndarray, row: float, column: float) -> tuple[int, int]:
    """The pixel of a region that is nearest to a place, the first of equals row by row."""
    rows, columns = np.nonzero(inside)
    nearest = np.argmin((rows - row) ** 2 + (columns - column) ** 2)
    return int(rows[nearest]), int(columns[nearest])
