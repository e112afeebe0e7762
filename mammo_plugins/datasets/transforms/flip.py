"""Random mirroring."""

from __future__ import annotations

from typing import Any

import numpy as np
from mmdet.registry import TRANSFORMS

from mammo_plugins.io.orientation import OrientationFlips

from .random_view import COMPARED, RandomViewTransform
from .view_geometry import move_view


@TRANSFORMS.register_module()
class RandomFlipViews(RandomViewTransform):
    """Mirrors each view on its own; paired images of one view, and both sides of a bilateral pair, alike.

    Source: M&M-3D, section 4.1 (horizontal and vertical flips).

    Args:
        prob_horizontal: how often left and right are swapped.
        prob_vertical: how often up and down are swapped.

    Raises:
        ValueError: a probability is outside [0, 1].
    """

    shared_by = COMPARED

    def __init__(self, prob_horizontal: float = 0.5, prob_vertical: float = 0.5) -> None:
        if not (0 <= prob_horizontal <= 1 and 0 <= prob_vertical <= 1):
            raise ValueError(f'probabilities lie in [0, 1], got {prob_horizontal=}, {prob_vertical=}')
        self.prob_horizontal, self.prob_vertical = prob_horizontal, prob_vertical

    def sample_parameters(self, rng: np.random.Generator, view: dict[str, Any]) -> dict[str, bool]:
        horizontal, vertical = rng.random(2) < (self.prob_horizontal, self.prob_vertical)
        return dict(horizontal=bool(horizontal), vertical=bool(vertical))

    def apply(self, view: dict[str, Any], horizontal: bool, vertical: bool) -> None:
        height, width = view['img_shape']
        flips = OrientationFlips(horizontal, vertical)
        move_view(view, np.ascontiguousarray(flips.apply(view['img'])), flips.homography(width, height))
