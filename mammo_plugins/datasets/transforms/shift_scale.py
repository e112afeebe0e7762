"""Random small movements, for small training sets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from mmdet.registry import TRANSFORMS

from mammo_plugins.structures.geometry import project_boxes, scale_homography, shift_homography

from .random_view import COMPARED, RandomViewTransform, check_probability, check_range, draw_factor
from .view_geometry import move_view


@TRANSFORMS.register_module()
class RandomShiftScale(RandomViewTransform):
    """Moves and scales each view inside a frame that keeps its size; what comes in from outside is 0.

    A movement that would cut a target finding is drawn again, so that labels stay true; after ``attempts`` draws the
    view stays as it is. Paired images of one view, and both sides of a bilateral pair, move alike.

    Args:
        shift: most movement along each axis, as a fraction of the image's size.
        scale: range of the factor, above 0; the image's centre stays in place.
        uniform: all factors of the range are as likely; else f is as likely as 1 / f.
        attempts: draws to make.
        prob: how often a view is moved.

    Raises:
        ValueError: a range is reversed or reaches 0, the shift is negative, there are no attempts, or the probability
            is outside [0, 1].
    """

    shared_by = COMPARED

    def __init__(
        self,
        shift: float = 0.05,
        scale: tuple[float, float] = (0.9, 1.1),
        attempts: int = 10,
        prob: float = 1.0,
        uniform: bool = False,
    ) -> None:
        if shift < 0 or attempts < 1:
            raise ValueError(f'shift must not be negative and attempts at least 1, got {shift=}, {attempts=}')
        self.shift, self.attempts, self.uniform = shift, attempts, uniform
        self.scale, self.prob = check_range('scale', scale, at_least=1e-3), check_probability(prob)

    def sample_parameters(self, rng: np.random.Generator, view: dict[str, Any]) -> dict[str, float]:
        return self.sample_shared(rng, [view])

    def sample_shared(self, rng: np.random.Generator, views: Sequence[dict[str, Any]]) -> dict[str, float]:
        moves = self.prob == 1 or rng.random() < self.prob
        for _ in range(self.attempts if moves else 0):
            scale = float(rng.uniform(*self.scale)) if self.uniform else draw_factor(rng, self.scale)
            shift_x, shift_y = rng.uniform(-self.shift, self.shift, size=2)
            movement = dict(scale=scale, shift_x=float(shift_x), shift_y=float(shift_y))
            if all(_keeps_findings(view, _homography(view, **movement)) for view in views):
                return movement
        return dict(scale=1.0, shift_x=0.0, shift_y=0.0)

    def apply(self, view: dict[str, Any], scale: float, shift_x: float, shift_y: float) -> None:
        height, width = view['img_shape']
        homography = _homography(view, scale, shift_x, shift_y)
        # OpenCV counts from the centre of the first pixel, homographies here from its outer edge.
        centres = shift_homography(-0.5, -0.5) @ homography @ shift_homography(0.5, 0.5)
        slices = [
            cv2.warpAffine(pixels, centres[:2], (width, height), flags=cv2.INTER_LINEAR) for pixels in view['img']
        ]
        move_view(view, np.stack(slices), homography)


def _homography(view: dict[str, Any], scale: float, shift_x: float, shift_y: float) -> np.ndarray:
    """Of a movement whose shifts are fractions of the view's size."""
    height, width = view['img_shape']
    return (
        shift_homography(width * (0.5 + shift_x), height * (0.5 + shift_y))
        @ scale_homography(scale, scale)
        @ shift_homography(-width / 2, -height / 2)
    )


def _keeps_findings(view: dict[str, Any], homography: np.ndarray) -> bool:
    height, width = view['img_shape']
    boxes = project_boxes(view['gt_bboxes'], homography)
    return bool((boxes >= 0).all() and (boxes[:, 2] <= width).all() and (boxes[:, 3] <= height).all())
