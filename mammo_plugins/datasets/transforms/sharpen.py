"""Random sharpening."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from mmdet.registry import TRANSFORMS

from .random_view import RandomViewTransform, check_probability, check_range


@TRANSFORMS.register_module()
class RandomSharpen(RandomViewTransform):
    """Adds to a blurred view its difference from a further blurred one, many times over; values are not clipped.

    ``b + strength * (b - blur(b))`` with the view ``b`` blurred by the first sigma, and ``blur`` by the second.

    Source: BigAug (Zhang et al. 2020), sharpness.

    Args:
        sigma: range of both standard deviations in pixels, above 0.
        strength: range of the factor.
        prob: how often a view is changed.

    Raises:
        ValueError: a range is reversed or too low, or the probability is outside [0, 1].
    """

    def __init__(
        self, sigma: tuple[float, float] = (0.25, 1.5), strength: tuple[float, float] = (10, 30), prob: float = 0.5
    ) -> None:
        self.sigma = check_range('sigma', sigma, at_least=1e-3)
        self.strength = check_range('strength', strength, at_least=0)
        self.prob = check_probability(prob)

    def sample_parameters(self, rng: np.random.Generator, view: dict[str, Any]) -> dict[str, Any]:
        changed, sigmas, strength = (
            rng.random() < self.prob,
            rng.uniform(*self.sigma, size=2),
            rng.uniform(*self.strength),
        )
        return dict(sigmas=tuple(sigmas.tolist()) if changed else None, strength=float(strength))

    def apply(self, view: dict[str, Any], sigmas: tuple[float, float] | None, strength: float) -> None:
        if sigmas is None:
            return
        slices = []
        for pixels in view['img']:
            blurred = cv2.GaussianBlur(pixels, (0, 0), sigmas[0])
            slices.append(blurred + np.float32(strength) * (blurred - cv2.GaussianBlur(blurred, (0, 0), sigmas[1])))
        view['img'] = np.stack(slices)
