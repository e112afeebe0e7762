"""Random blur."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from mmdet.registry import TRANSFORMS

from .random_view import RandomViewTransform


@TRANSFORMS.register_module()
class RandomBlur(RandomViewTransform):
    """Blurs each slice of a view by a Gaussian, in floats.

    Source: SimCLR (Chen et al. 2020), appendix A, and MoCo v2.

    Args:
        sigma: range of the standard deviation in pixels, above 0.
        prob: how often a view is blurred.

    Raises:
        ValueError: the range is reversed or reaches 0, or the probability is outside [0, 1].
    """

    def __init__(self, sigma: tuple[float, float] = (0.1, 2.0), prob: float = 0.5) -> None:
        if not 0 < sigma[0] <= sigma[1] or not 0 <= prob <= 1:
            raise ValueError(f'out of range: {sigma=}, {prob=}')
        self.sigma, self.prob = sigma, prob

    def sample_parameters(self, rng: np.random.Generator, view: dict[str, Any]) -> dict[str, float | None]:
        blurred = rng.random() < self.prob
        sigma = float(rng.uniform(*self.sigma))
        return dict(sigma=sigma if blurred else None)

    def apply(self, view: dict[str, Any], sigma: float | None) -> None:
        if sigma is not None:
            view['img'] = np.stack([cv2.GaussianBlur(pixels, (0, 0), sigma) for pixels in view['img']])
