"""Random changes of the grey scale."""

from __future__ import annotations

from typing import Any

import numpy as np
from mmdet.registry import TRANSFORMS

from .random_view import RandomViewTransform, check_range, draw_factor


@TRANSFORMS.register_module()
class RandomIntensity(RandomViewTransform):
    """Varies gamma, contrast and brightness of each view, the same way in all its slices.

    ``clip(mean + contrast * (x ** gamma - mean) + brightness, 0, 1)`` with the mean of ``x ** gamma`` over the view.

    Args:
        gamma: range of the exponent, above 0.
        contrast: range of the factor, above 0.
        brightness: most that is added or taken away.

    Raises:
        ValueError: a range is reversed or reaches 0, or brightness is negative.
    """

    def __init__(
        self,
        gamma: tuple[float, float] = (0.8, 1.25),
        contrast: tuple[float, float] = (0.8, 1.25),
        brightness: float = 0.1,
    ) -> None:
        self.gamma = check_range('gamma', gamma, at_least=1e-3)
        self.contrast = check_range('contrast', contrast, at_least=1e-3)
        if brightness < 0:
            raise ValueError(f'brightness must not be negative, got {brightness}')
        self.brightness = brightness

    def sample_parameters(self, rng: np.random.Generator, view: dict[str, Any]) -> dict[str, float]:
        return dict(
            gamma=draw_factor(rng, self.gamma),
            contrast=draw_factor(rng, self.contrast),
            brightness=float(rng.uniform(-self.brightness, self.brightness)),
        )

    def apply(self, view: dict[str, Any], gamma: float, contrast: float, brightness: float) -> None:
        img = np.power(view['img'], np.float32(gamma))
        mean = img.mean(dtype=np.float64)
        img *= np.float32(contrast)
        img += np.float32(mean * (1 - contrast) + brightness)
        view['img'] = img.clip(0, 1, out=img)
