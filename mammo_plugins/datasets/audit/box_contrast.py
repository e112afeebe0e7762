"""How much a box stands out of its surroundings."""

from __future__ import annotations

import numpy as np

_MAD_TO_SIGMA = 1.4826  # of a normal distribution
_MIN_RING_WIDTH_PX = 2
_MIN_RING_PIXELS = 20
_BRIGHT_PERCENTILE = 95

Box = tuple[float, float, float, float]


def box_contrast(pixels: np.ndarray, mask: np.ndarray, box_xywh: Box) -> float | None:
    """Difference of a box from the ring around it, in units of the ring's spread.

    The ring is as wide as half the longer side of the box; of both, only pixels on the breast count. The difference is
    the larger one of that of the medians, as a mass causes it, and that of the 95th percentiles, as calcifications
    do. The spread is the median absolute deviation from the ring's median, times 1.4826, which makes it the standard
    deviation of normally distributed values. Medians and percentiles are robust against markers and skin lines.

    Args:
        pixels: (H, W) intensities.
        mask: (H, W) bool, the breast.
        box_xywh: in pixels of the image.

    Returns:
        0 or more; None where too little of box or ring lies on the breast, or the ring has no spread.
    """
    x, y, width, height = box_xywh
    ring_px = max(_MIN_RING_WIDTH_PX, round(0.5 * max(width, height)))
    left, top, right, bottom = pixel_window(box_xywh, pixels.shape)
    outer = slice(max(0, top - ring_px), bottom + ring_px), slice(max(0, left - ring_px), right + ring_px)
    is_inside = np.zeros(pixels.shape, dtype=bool)
    is_inside[top:bottom, left:right] = True
    around = pixels[outer]
    inside = around[is_inside[outer] & mask[outer]]
    ring = around[~is_inside[outer] & mask[outer]]
    if not inside.size or ring.size < _MIN_RING_PIXELS:
        return None
    spread = _MAD_TO_SIGMA * float(np.median(np.abs(ring - np.median(ring))))
    if spread == 0:
        return None
    differences = np.percentile(inside, (50, _BRIGHT_PERCENTILE)) - np.percentile(ring, (50, _BRIGHT_PERCENTILE))
    return float(np.abs(differences).max()) / spread


def pixel_window(box_xywh: Box, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """(left, top, right, bottom) of the pixels that a box touches, inside the image, right and bottom excluded."""
    x, y, width, height = box_xywh
    rows, columns = shape
    left, right = np.clip([np.floor(x), np.ceil(x + width)], 0, columns).astype(int)
    top, bottom = np.clip([np.floor(y), np.ceil(y + height)], 0, rows).astype(int)
    return int(left), int(top), int(right), int(bottom)
