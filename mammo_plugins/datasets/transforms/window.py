"""Bringing every image to one size without resizing it."""

from __future__ import annotations

from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform
from mmdet.registry import TRANSFORMS

from mammo_plugins.structures import ViewKey
from mammo_plugins.structures.geometry import shift_homography

from ..breast_region import find_breast_mask
from .view_geometry import move_view

_NIPPLE_ROWS = 1 / 3  # rows above it are not searched for the outermost column of the breast


@TRANSFORMS.register_module()
class CutWindow(BaseTransform):
    """Cuts a window of one size out of a canonical view; where the image is smaller, air is added.

    Views of the CC family: the window ends at the outermost column of the breast, looked for in the lower two thirds of
    the image, and takes the rows with most pixels of the breast; of equally good ones, those nearest the middle. All
    others (MLO, ML, ...): the lower right corner of the image is that of the window. Air is added at the right, and
    above and below (CC; the odd row below) or below (others).

    Comes last in ``loading``, after ``CropBreast``. After ``ResizeBreast`` to the same size it only adds air. Findings
    that the window cuts off are counted as by ``CropBreast``.

    Source: preprocessing of GMIC and GLAM; the breast is that of :mod:`mammo_plugins.datasets.breast_region` instead of
    all pixels above 0, since not every vendor's air is 0.

    Args:
        height, width: of the window in pixels.

    Raises:
        ValueError: a side is less than 1.
    """

    def __init__(self, height: int = 2944, width: int = 1920) -> None:
        if height < 1 or width < 1:
            raise ValueError(f'sides must be at least 1 pixel, got {height=}, {width=}')
        self.height, self.width = height, width

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        img = results['img']
        is_craniocaudal = ViewKey.parse(results['view']).position.is_craniocaudal
        place = self.place_craniocaudal if is_craniocaudal else self.place_oblique
        top, left = place(img.max(axis=0))
        window = np.zeros((len(img), self.height, self.width), img.dtype)
        first_row, first_column = max(0, top), max(0, left)
        part = img[:, first_row : top + self.height, first_column : left + self.width]
        row, column = first_row - top, first_column - left
        window[:, row : row + part.shape[1], column : column + part.shape[2]] = part
        move_view(results, window, shift_homography(-left, -top), clips=True)
        return results

    def place_oblique(self, projection: np.ndarray) -> tuple[int, int]:
        """Row and column of an image (H, W) at which the window begins."""
        height, width = projection.shape
        return max(0, height - self.height), max(0, width - self.width)

    def place_craniocaudal(self, projection: np.ndarray) -> tuple[int, int]:
        """Row, negative where air is added above, and column of an image (H, W) at which the window begins."""
        height, width = projection.shape
        if height <= self.height and width <= self.width:
            return -((self.height - height) // 2), 0  # nothing to choose
        mask = find_breast_mask(projection)
        columns = np.flatnonzero(mask[int(height * _NIPPLE_ROWS) :].any(axis=0))
        end = int(columns[-1]) + 1 if len(columns) else width
        left = max(0, min(end, width) - self.width)
        if height <= self.height:
            return -((self.height - height) // 2), left
        counts = np.concatenate([[0], np.cumsum(mask[:, left : left + self.width].sum(axis=1))])
        inside = counts[self.height :] - counts[: -self.height]
        best = np.flatnonzero(inside == inside.max())
        middle = (height - self.height) / 2
        return int(best[np.abs(best - middle).argmin()]), left
