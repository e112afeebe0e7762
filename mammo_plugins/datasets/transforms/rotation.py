"""Random small rotations."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from mmdet.registry import TRANSFORMS

from mammo_plugins.structures.geometry import shift_homography

from .random_view import COMPARED, RandomViewTransform, check_probability
from .view_geometry import move_view


@TRANSFORMS.register_module()
class RandomRotation(RandomViewTransform):
    """Turns each view about its centre in a frame that keeps its size; what comes in from outside is 0.

    Boxes of findings become the upright ones around the turned ones. Views that are compared place by place turn alike.

    Source: MSVCL v2, section IV.B.

    Args:
        degrees: most turning to either side.
        prob: how often a view is turned.

    Raises:
        ValueError: it is negative, or the probability is outside [0, 1].
    """

    shared_by = COMPARED

    def __init__(self, degrees: float = 10.0, prob: float = 1.0) -> None:
        if degrees < 0:
            raise ValueError(f'degrees must not be negative, got {degrees}')
        self.degrees, self.prob = degrees, check_probability(prob)

    def sample_parameters(self, rng: np.random.Generator, view: dict[str, Any]) -> dict[str, float]:
        angle = float(rng.uniform(-self.degrees, self.degrees))
        return dict(angle=angle if self.prob == 1 or rng.random() < self.prob else 0.0)

    def apply(self, view: dict[str, Any], angle: float) -> None:
        """Turns a view by ``angle`` degrees around its middle, with its findings."""
        if angle == 0:
            return
        height, width = view['img_shape']
        cosine, sine = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
        turn = np.array([[cosine, sine, 0.0], [-sine, cosine, 0.0], [0.0, 0.0, 1.0]])
        homography = shift_homography(width / 2, height / 2) @ turn @ shift_homography(-width / 2, -height / 2)
        # OpenCV counts from the centre of the first pixel, homographies here from its outer edge.
        centres = shift_homography(-0.5, -0.5) @ homography @ shift_homography(0.5, 0.5)
        slices = [
            cv2.warpAffine(pixels, centres[:2], (width, height), flags=cv2.INTER_LINEAR) for pixels in view['img']
        ]
        move_view(view, np.stack(slices), homography, clips=True)
