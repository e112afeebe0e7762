"""Boxes through the invertible record of what was done to an image."""

from __future__ import annotations

from typing import TypeVar

Array = TypeVar('Array')


def project_boxes(boxes: Array, homography: Array) -> Array:
    """Maps boxes through a homography that flips, scales and shifts (no rotation, no shear).

    Boxes are continuous edges, so that flips, crops and their inverses are exact.

    Args:
        boxes: (n, 4) xyxy, numpy array or torch tensor.
        homography: (3, 3) of the same kind, diagonal but for its last column.

    Returns:
        (n, 4) xyxy with x1 <= x2 and y1 <= y2, of the same kind.

    Raises:
        ValueError: the homography would turn a box's edges away from the axes.
    """
    if abs(float(homography[0, 1])) > 1e-9 or abs(float(homography[1, 0])) > 1e-9:
        raise ValueError(f'boxes cannot follow a homography with rotation or shear: {homography.tolist()}')
    moved = boxes.copy() if hasattr(boxes, 'copy') else boxes.clone()
    for first, axis in ((0, 0), (1, 1)):
        scale, shift = homography[axis, axis], homography[axis, 2]
        low, high = boxes[:, first] * scale + shift, boxes[:, first + 2] * scale + shift
        if scale < 0:
            low, high = high, low
        moved[:, first], moved[:, first + 2] = low, high
    return moved
