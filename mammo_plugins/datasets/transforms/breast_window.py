"""Random windows of a mammogram that hold breast."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..breast_region import decision_stride, find_breast_region
from .breast_crop import CropWindow


def draw_breast_window(
    rng: np.random.Generator,
    view: dict[str, Any],
    draw_shape: Callable[[tuple[int, int]], tuple[int, int]],
    min_breast: float,
    attempts: int,
) -> CropWindow:
    """A window with enough breast; where no attempt finds one, the last one's shape around a point of the breast.

    Args:
        rng: draws places.
        view: with ``img`` (S, H, W).
        draw_shape: (height, width) of a window that fits into an image of some (H, W).
        min_breast: share of the window that is breast.
        attempts: windows to draw.

    Raises:
        ValueError: there is no breast in the view; names the file.
    """
    projection = view['img'].max(axis=0)
    try:
        region = find_breast_region(projection)
    except ValueError as error:
        raise ValueError(f'{view["img_path"]}: {error}') from error
    stride = decision_stride(projection)
    for _ in range(attempts):
        height, width = draw_shape(projection.shape)
        left = int(rng.integers(projection.shape[1] - width + 1))
        top = int(rng.integers(projection.shape[0] - height + 1))
        window = CropWindow(left, top, left + width, top + height)
        if _share_inside(region, stride, window) >= min_breast:
            return window
    rows, columns = np.nonzero(region)
    chosen = int(rng.integers(len(rows)))
    left = _start(int(columns[chosen]) * stride, width, projection.shape[1])
    top = _start(int(rows[chosen]) * stride, height, projection.shape[0])
    return CropWindow(left, top, left + width, top + height)


def _share_inside(region: np.ndarray, stride: int, window: CropWindow) -> float:
    """How much of a window is breast, told at reduced size."""
    rows = slice(window.top // stride, -(-window.bottom // stride))
    columns = slice(window.left // stride, -(-window.right // stride))
    return float(region[rows, columns].mean())


def _start(centre: int, length: int, end: int) -> int:
    """Where a stretch starts that lies around a point and inside 0 to ``end``."""
    return min(max(0, centre - length // 2), end - length)
