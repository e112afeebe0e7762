"""Boxes and homographies, the record by which a prediction finds its way back to the pixels of the source file.

Frames: coordinates are continuous and count from the outer edge of the first pixel, so an image of width W spans
0..W, a pixel's centre lies at its index + 0.5, and a box that covers columns a..b is x from a to b + 1. In this frame
mirroring is ``x' = W - x`` and resizing is ``x' = x * W' / W``, both without half-pixel terms.

A homography is a (3, 3) matrix that acts on the column (x, y, 1).
"""

from __future__ import annotations

from types import ModuleType
from typing import TypeVar

import numpy as np

Boxes = TypeVar('Boxes')
"""``numpy.ndarray`` or ``torch.Tensor`` of shape (..., 4), xyxy."""


def shift_homography(x: float, y: float) -> np.ndarray:
    """Moves everything by (x, y); a crop whose corner is (left, top) is a shift by (-left, -top)."""
    homography = np.eye(3)
    homography[:2, 2] = x, y
    return homography


def scale_homography(x: float, y: float) -> np.ndarray:
    """Enlarges by a factor along each axis."""
    return np.diag([x, y, 1.0])


def project_boxes(boxes_xyxy: Boxes, homography: Boxes | np.ndarray) -> Boxes:
    """The upright boxes around boxes that were moved by a homography.

    Flips, shifts and scales, in any order, lose nothing: projecting back with the inverse returns the box, up to the
    rounding of its number type. Work is done in the number type of the homography.

    Args:
        boxes_xyxy: (..., 4) array or tensor.
        homography: (3, 3), an array or, for boxes in a tensor, a tensor on the same device too.

    Returns:
        Boxes of the type, number type, device and shape that came in.

    Raises:
        ValueError: a shape is wrong.
    """
    if boxes_xyxy.shape[-1:] != (4,) or tuple(homography.shape) != (3, 3):
        raise ValueError(
            f'boxes (..., 4) and a homography (3, 3) are needed, got shapes {tuple(boxes_xyxy.shape)} and '
            f'{tuple(homography.shape)}'
        )
    if isinstance(boxes_xyxy, np.ndarray):
        matrix = np.asarray(homography, dtype=np.float64)
        return _project(np, boxes_xyxy.astype(matrix.dtype), matrix).astype(boxes_xyxy.dtype)
    import torch  # only here: evaluation must run without it

    matrix = torch.as_tensor(homography, device=boxes_xyxy.device)
    return _project(torch, boxes_xyxy.to(matrix.dtype), matrix).to(boxes_xyxy.dtype)


def _project(library: ModuleType, boxes: Boxes, matrix: Boxes) -> Boxes:
    left, top, right, bottom = (boxes[..., index] for index in range(4))
    corners = [_project_point(matrix, x, y) for x, y in ((left, top), (right, top), (right, bottom), (left, bottom))]
    low, high = corners[0], corners[0]
    for corner in corners[1:]:
        low = [library.minimum(a, b) for a, b in zip(low, corner, strict=True)]
        high = [library.maximum(a, b) for a, b in zip(high, corner, strict=True)]
    return library.stack([*low, *high], -1)


def _project_point(matrix: Boxes, x: Boxes, y: Boxes) -> list[Boxes]:
    scale = matrix[2, 0] * x + matrix[2, 1] * y + matrix[2, 2]
    return [(matrix[row, 0] * x + matrix[row, 1] * y + matrix[row, 2]) / scale for row in range(2)]
