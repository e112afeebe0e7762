"""Whole images as squares, for classifiers that want one size."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmdet.registry import TRANSFORMS

from mammo_plugins.structures.geometry import scale_homography

from .view_geometry import move_view


@TRANSFORMS.register_module()
class ResizeToSquare(BaseTransform):
    """Resizes a view to a square, whatever its proportions; a step of ``loading``.

    Shrinking averages over areas, enlarging is linear.

    Source: MSVCL v2 (Li et al.), section IV.B (all images of the classifiers have 224 x 224 pixels).

    Args:
        size: pixels of a side.

    Raises:
        ValueError: it is less than 1.
    """

    def __init__(self, size: int = 224) -> None:
        if size < 1:
            raise ValueError(f'size must be at least 1 pixel, got {size}')
        self.size = size

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        height, width = results['img_shape']
        interpolation = cv2.INTER_AREA if self.size < max(height, width) else cv2.INTER_LINEAR
        resized = np.empty((len(results['img']), self.size, self.size), results['img'].dtype)
        for old, new in zip(results['img'], resized):
            new[...] = cv2.resize(np.ascontiguousarray(old), (self.size, self.size), interpolation=interpolation)
        move_view(results, resized, scale_homography(self.size / width, self.size / height))
        return results
