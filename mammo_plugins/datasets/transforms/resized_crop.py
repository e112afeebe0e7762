"""Random windows of a mammogram at one size, each with breast in it."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from mmdet.registry import TRANSFORMS

from mammo_plugins.structures.geometry import scale_homography, shift_homography

from .breast_crop import CropWindow
from .breast_window import draw_breast_window
from .random_view import COMPARED, RandomViewTransform, check_range, draw_factor
from .view_geometry import move_view


@TRANSFORMS.register_module()
class RandomResizedCropBreast(RandomViewTransform):
    """Cuts a random window out of each view and resizes it to a square; much of the window is breast.

    A window is drawn again while less than ``min_breast`` of it is breast; after ``attempts`` draws its centre is a
    random point of the breast, as near as the border allows. Shrinking averages over areas, enlarging is linear.

    Source: random cropping of MSVCL v2, section IV.B, which gives no numbers; ``area`` is MoCo v2's, ``aspect``
    SimCLR's. That crops of air teach nothing is MammoDINO's finding (2025).

    Args:
        size: pixels of a side of the result.
        area: range of the window's share of the largest window of its shape that fits into the image.
        aspect: range of its width by its height.
        min_breast: share of the window that is breast.
        attempts: draws to make.

    Raises:
        ValueError: a range or number is out of range, or (on an image) nothing in it looks like a breast.
    """

    shared_by = COMPARED

    def __init__(
        self,
        size: int = 224,
        area: tuple[float, float] = (0.2, 1.0),
        aspect: tuple[float, float] = (3 / 4, 4 / 3),
        min_breast: float = 0.5,
        attempts: int = 10,
    ) -> None:
        if size < 1 or attempts < 1 or not 0 < min_breast <= 1:
            raise ValueError(f'out of range: {size=}, {attempts=}, {min_breast=}')
        self.size, self.min_breast, self.attempts = size, min_breast, attempts
        self.area, self.aspect = check_range('area', area, 1e-4), check_range('aspect', aspect, 1e-2)
        if self.area[1] > 1:
            raise ValueError(f'area is a share of what fits, at most 1, got {area!r}')

    def sample_parameters(self, rng: np.random.Generator, view: dict[str, Any]) -> dict[str, CropWindow]:
        """A window with enough breast; where no attempt finds one, the last one's shape around a point of the breast.

        Raises:
            ValueError: there is no breast in the view; names the file.
        """
        window = draw_breast_window(
            rng, view, lambda shape: self._draw_shape(rng, shape), self.min_breast, self.attempts
        )
        return dict(window=window)

    def apply(self, view: dict[str, Any], window: CropWindow) -> None:
        left, top, right, bottom = window
        scale_x, scale_y = self.size / (right - left), self.size / (bottom - top)
        interpolation = cv2.INTER_AREA if min(scale_x, scale_y) < 1 else cv2.INTER_LINEAR
        img = np.stack(
            [
                cv2.resize(np.ascontiguousarray(pixels), (self.size, self.size), interpolation=interpolation)
                for pixels in view['img'][:, top:bottom, left:right]
            ]
        )
        move_view(view, img, scale_homography(scale_x, scale_y) @ shift_homography(-left, -top), clips=True)

    def _draw_shape(self, rng: np.random.Generator, shape: tuple[int, int]) -> tuple[int, int]:
        """(height, width) of a window that fits."""
        aspect, share = draw_factor(rng, self.aspect), rng.uniform(*self.area)
        width = min(shape[1], shape[0] * aspect) * share**0.5
        return max(1, min(shape[0], round(width / aspect))), max(1, min(shape[1], round(width)))
