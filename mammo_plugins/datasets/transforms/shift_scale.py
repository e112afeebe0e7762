"""Random small movements, for small training sets."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from mmdet.registry import TRANSFORMS

from mammo_plugins.structures.geometry import project_boxes, scale_homography, shift_homography

from .random_view import RandomViewTransform, check_range, draw_factor
from .view_geometry import move_view


@TRANSFORMS.register_module()
class RandomShiftScale(RandomViewTransform):
    """Moves and scales each view inside a frame that keeps its size; what comes in from outside is 0.

    A movement that would cut a target finding is drawn again, so that labels stay true; after ``attempts`` draws the
    view stays as it is.

    Args:
        shift: most movement along each axis, as a fraction of the image's size.
        scale: range of the factor, above 0; the image's centre stays in place.
        attempts: draws to make.

    Raises:
        ValueError: a range is reversed or reaches 0, the shift is negative, or there are no attempts.
    """

    def __init__(self, shift: float = 0.05, scale: tuple[float, float] = (0.9, 1.1), attempts: int = 10) -> None:
        if shift < 0 or attempts < 1:
            raise ValueError(f'shift must not be negative and attempts at least 1, got {shift=}, {attempts=}')
        self.shift, self.attempts = shift, attempts
        self.scale = check_range('scale', scale, at_least=1e-3)

    def sample_parameters(self, rng: np.random.Generator, view: dict[str, Any]) -> dict[str, np.ndarray]:
        height, width = view['img_shape']
        for _ in range(self.attempts):
            scale = draw_factor(rng, self.scale)
            shift_x, shift_y = rng.uniform(-self.shift, self.shift, size=2)
            homography = (
                shift_homography(width * (0.5 + shift_x), height * (0.5 + shift_y))
                @ scale_homography(scale, scale)
                @ shift_homography(-width / 2, -height / 2)
            )
            boxes = project_boxes(view['gt_bboxes'], homography)
            if (boxes >= 0).all() and (boxes[:, 2] <= width).all() and (boxes[:, 3] <= height).all():
                return dict(homography=homography)
        return dict(homography=np.eye(3))

    def apply(self, view: dict[str, Any], homography: np.ndarray) -> None:
        height, width = view['img_shape']
        # OpenCV counts from the centre of the first pixel, homographies here from its outer edge.
        centres = shift_homography(-0.5, -0.5) @ homography @ shift_homography(0.5, 0.5)
        slices = [
            cv2.warpAffine(pixels, centres[:2], (width, height), flags=cv2.INTER_LINEAR) for pixels in view['img']
        ]
        move_view(view, np.stack(slices), homography)
