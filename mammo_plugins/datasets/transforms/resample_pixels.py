"""Bringing images of all vendors to pixels of one size."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmdet.registry import TRANSFORMS

from mammo_plugins.structures.geometry import scale_homography

from .view_geometry import move_view


@TRANSFORMS.register_module()
class ResamplePixels(BaseTransform):
    """Resizes each view of a case so that its pixels are as long as asked for.

    Stands in ``pipeline``, before what is random and after a ``loading`` that does not resize: caches of loaded images
    know the file and not the spacing that the annotation file gives it. Shrinking averages over areas, enlarging is
    linear.

    Source: MSVCL v2 (Li et al.), section IV.A (0.1 mm).

    Args:
        pixel_mm: length of a pixel's side afterwards.
        unknown_mm: length of a stored pixel's side where the annotation file does not say; None makes such images an
            error.

    Raises:
        ValueError: a length is not positive, or (on a case) that of a view is unknown or the view was resized before.
    """

    def __init__(self, pixel_mm: float = 0.1, unknown_mm: float | None = None) -> None:
        if pixel_mm <= 0 or (unknown_mm is not None and unknown_mm <= 0):
            raise ValueError(f'lengths must be positive, got {pixel_mm=}, {unknown_mm=}')
        self.pixel_mm, self.unknown_mm = pixel_mm, unknown_mm

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        for view in results['views']:
            self.resample(view)
        return results

    def resample(self, view: dict[str, Any]) -> None:
        """Resizes one view in place."""
        rows_mm, columns_mm = self._stored_mm(view)
        scales = np.abs(view['homography_matrix'][:2, :2]).sum(axis=0)
        if not np.allclose(scales, 1):
            raise ValueError(
                f'{view["img_path"]} was resized by {scales.tolist()} before ResamplePixels: leave ResizeBreast out of '
                'loading'
            )
        height, width = view['img_shape']
        new_height = max(1, round(height * rows_mm / self.pixel_mm))
        new_width = max(1, round(width * columns_mm / self.pixel_mm))
        shrinks = min(new_height / height, new_width / width) < 1
        interpolation = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        img = np.stack(
            [
                cv2.resize(np.ascontiguousarray(pixels), (new_width, new_height), interpolation=interpolation)
                for pixels in view['img']
            ]
        )
        move_view(view, img, scale_homography(new_width / width, new_height / height))

    def _stored_mm(self, view: dict[str, Any]) -> tuple[float, float]:
        if view['spacing_mm'] is not None:
            return view['spacing_mm']
        if self.unknown_mm is None:
            raise ValueError(
                f'{view["img_path"]}: the annotation file does not say how large its pixels are: set unknown_mm of '
                'ResamplePixels'
            )
        return self.unknown_mm, self.unknown_mm
