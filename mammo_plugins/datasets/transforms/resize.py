"""Bringing every breast to the size that a network works at."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmdet.registry import TRANSFORMS

from mammo_plugins.structures.geometry import scale_homography

from .view_geometry import move_view


@TRANSFORMS.register_module()
class ResizeBreast(BaseTransform):
    """Resizes a view to a width, or to less where it would become too long; its proportions stay.

    Shrinking averages over areas, enlarging interpolates linearly.

    Source: M&M-3D, section 4.1 (width 1100, length at most 2200).

    Args:
        width: pixels from the chest wall to the nipple's side.
        max_length: most pixels from top to bottom.

    Raises:
        ValueError: a size is less than 1.
    """

    def __init__(self, width: int = 1100, max_length: int = 2200) -> None:
        if width < 1 or max_length < 1:
            raise ValueError(f'sizes must be at least 1 pixel, got {width=}, {max_length=}')
        self.width, self.max_length = width, max_length

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        old_height, old_width = results['img_shape']
        new_height, new_width = self.new_shape(old_height, old_width)
        interpolation = cv2.INTER_AREA if self.scale_of(old_height, old_width) < 1 else cv2.INTER_LINEAR
        img = results['img']
        resized = np.empty((len(img), new_height, new_width), img.dtype)
        for old, new in zip(img, resized):
            # Flipped and cropped so far were only views of the pixels as they were read.
            new[...] = cv2.resize(np.ascontiguousarray(old), (new_width, new_height), interpolation=interpolation)
        move_view(results, resized, scale_homography(new_width / old_width, new_height / old_height))
        return results

    def scale_of(self, height: int, width: int) -> float:
        """By how much an image of some size is enlarged."""
        return min(self.width / width, self.max_length / height)

    def new_shape(self, height: int, width: int) -> tuple[int, int]:
        """(H', W') of an image of some size after resizing."""
        scale = self.scale_of(height, width)
        return max(1, round(scale * height)), max(1, round(scale * width))
