"""Random windows of a mammogram, pixel by pixel, each with breast in it."""

from __future__ import annotations

from typing import Any

import numpy as np
from mmdet.registry import TRANSFORMS

from mammo_plugins.structures.geometry import shift_homography

from .breast_crop import CropWindow
from .breast_window import draw_breast_window
from .random_view import COMPARED, RandomViewTransform
from .view_geometry import move_view


@TRANSFORMS.register_module()
class RandomCropBreast(RandomViewTransform):
    """Cuts a random square out of each view and changes no pixel of it; much of the square is breast.

    An image that is smaller than the square is mirrored at its right and lower border, where it has no chest wall.
    Windows are drawn as :class:`~mammo_plugins.datasets.transforms.RandomResizedCropBreast` draws them. Unlike that
    one it keeps sharpness and noise as they are, which are part of a vendor's style.

    Args:
        size: pixels of a side.
        min_breast: share of the square that is breast.
        attempts: draws to make.

    Raises:
        ValueError: a number is out of range, or (on an image) nothing in it looks like a breast.
    """

    shared_by = COMPARED

    def __init__(self, size: int = 512, min_breast: float = 0.5, attempts: int = 10) -> None:
        if size < 1 or attempts < 1 or not 0 < min_breast <= 1:
            raise ValueError(f'out of range: {size=}, {attempts=}, {min_breast=}')
        self.size, self.min_breast, self.attempts = size, min_breast, attempts

    def sample_parameters(self, rng: np.random.Generator, view: dict[str, Any]) -> dict[str, CropWindow]:
        """Where to cut; in an image that is too small, all of it.

        Raises:
            ValueError: there is no breast in the view; names the file.
        """
        window = draw_breast_window(rng, view, self._fitting, self.min_breast, self.attempts)
        return dict(window=window)

    def apply(self, view: dict[str, Any], window: CropWindow) -> None:
        left, top, right, bottom = window
        img = view['img'][:, top:bottom, left:right]
        lacking = [(0, self.size - side) for side in img.shape[1:]]
        img = np.pad(img, [(0, 0), *lacking], mode='symmetric')
        move_view(view, img, shift_homography(-left, -top), clips=True)

    def _fitting(self, shape: tuple[int, int]) -> tuple[int, int]:
        return min(self.size, shape[0]), min(self.size, shape[1])
