"""Boxes and polygons of outlines that run from pixel to pixel."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Box = tuple[float, float, float, float]


def box_of_outline(pixels_xy: npt.NDArray[np.int64]) -> Box:
    """(x, y, width, height) around the pixels, their full area included; may reach over the image's border."""
    (left, top), (right, bottom) = pixels_xy.min(axis=0), pixels_xy.max(axis=0)
    return float(left), float(top), float(right + 1 - left), float(bottom + 1 - top)


def polygon_of_outline(pixels_xy: npt.NDArray[np.int64], width: int, height: int) -> list[list[float]] | None:
    """COCO polygon through the pixels' centres, cut at the border of an image; None where it encloses nothing.

    Centres lie at index + 0.5, so the polygon is half a pixel smaller than the box all around. Points in the middle of
    a straight run are left out, which changes nothing.

    Args:
        pixels_xy: (N, 2) columns and rows, neighbours one step apart.
        width, height: of the image.
    """
    # Cut before straight runs are shortened: while neighbours are one step apart, this moves outside points only.
    points = np.clip(pixels_xy + 0.5, 0, [width, height])
    points = points[np.any(points != np.roll(points, -1, axis=0), axis=1)]
    before, after = points - np.roll(points, 1, axis=0), np.roll(points, -1, axis=0) - points
    is_straight = np.isclose(before[:, 0] * after[:, 1], before[:, 1] * after[:, 0])
    is_straight &= (before * after).sum(axis=1) > 0
    corners = points[~is_straight]
    if len(corners) < 3 or _twice_area(corners) == 0:
        return None
    return [[float(value) for value in corners.ravel()]]


def _twice_area(points: npt.NDArray[np.float64]) -> float:
    x, y = points.T
    return abs(float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))))
