"""The coarser grid of a synthetic mammogram beside the FFDM of the same exposure: the same field, fewer pixels."""

from __future__ import annotations

import math

import cv2
import numpy as np

from .ground_truth import ViewTruth
from .pixel_grid import PixelGrid

_SMALLEST_SIDE = 32  # JPEG 2000 needs as many pixels for its resolutions
_SEARCHED = 4  # rows around the wanted size; the closest aspect ratio among them is taken


def synthetic_grid(grid: PixelGrid, scale: float) -> PixelGrid:
    """A grid of about ``scale`` times the pixels along each axis, of an aspect ratio as close as whole pixels allow."""
    smallest = math.ceil(_SMALLEST_SIDE * grid.rows / min(grid.rows, grid.columns))
    wanted = max(round(scale * grid.rows), smallest)
    rows = min(
        range(max(smallest, wanted - _SEARCHED), min(grid.rows, wanted + _SEARCHED) + 1),
        key=lambda rows: (_aspect_error(grid, rows), abs(rows - wanted)),
    )
    return PixelGrid(rows, _columns(grid, rows), grid.pixel_mm * grid.rows / rows, grid.thickness_mm)


def scale_truth(truth: ViewTruth, height: int, width: int) -> tuple[np.ndarray, tuple[float, float, float, float]]:
    """(H, W) mask and (x, y, width, height) box of a finding on a grid that shows the same field.

    The mask has every pixel that the finding touches, so that none is lost, and the box holds the mask.
    """
    if truth.mask.shape == (height, width):
        return truth.mask, truth.box_xywh
    scale_x, scale_y = width / truth.mask.shape[1], height / truth.mask.shape[0]
    mask = cv2.resize(truth.mask.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA) > 0
    rows, columns = np.nonzero(mask)
    x, y, box_width, box_height = truth.box_xywh
    left, top = min(x * scale_x, columns.min()), min(y * scale_y, rows.min())
    right, bottom = max((x + box_width) * scale_x, columns.max() + 1), max((y + box_height) * scale_y, rows.max() + 1)
    return mask, (float(left), float(top), float(right - left), float(bottom - top))


def _columns(grid: PixelGrid, rows: int) -> int:
    return max(1, round(rows * grid.columns / grid.rows))


def _aspect_error(grid: PixelGrid, rows: int) -> float:
    return round(abs(rows / _columns(grid, rows) * grid.columns / grid.rows - 1), 4)
