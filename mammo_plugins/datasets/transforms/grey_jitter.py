"""Random brightness and contrast, as in contrastive learning."""

from __future__ import annotations

from typing import Any

import numpy as np
from mmdet.registry import TRANSFORMS

from .random_view import RandomViewTransform


@TRANSFORMS.register_module()
class RandomGreyJitter(RandomViewTransform):
    """Multiplies a view by a factor, then its difference from its mean by another one; ends in [0, 1].

    It is what torchvision's ``ColorJitter`` does to a grey image, of which saturation and hue change nothing, in
    floats of any depth; brightness comes first here, where torchvision draws the order. ``RandomIntensity`` adds
    brightness and has a gamma instead.

    Source: SimCLR (Chen et al. 2020), appendix A; strength 0.2 of MSVCL v2, section IV.B, probability SimCLR's.

    Args:
        brightness: the factor lies in [1 - brightness, 1 + brightness].
        contrast: likewise.
        prob: how often a view is changed.

    Raises:
        ValueError: a strength or the probability is outside [0, 1].
    """

    def __init__(self, brightness: float = 0.2, contrast: float = 0.2, prob: float = 0.8) -> None:
        if not all(0 <= value <= 1 for value in (brightness, contrast, prob)):
            raise ValueError(f'strengths and probability lie in [0, 1], got {brightness=}, {contrast=}, {prob=}')
        self.brightness, self.contrast, self.prob = brightness, contrast, prob

    def sample_parameters(self, rng: np.random.Generator, view: dict[str, Any]) -> dict[str, float]:
        changed = rng.random() < self.prob
        factors = 1 + rng.uniform(-1, 1, size=2) * (self.brightness, self.contrast) * changed
        return dict(brightness=float(factors[0]), contrast=float(factors[1]))

    def apply(self, view: dict[str, Any], brightness: float, contrast: float) -> None:
        img = (view['img'] * np.float32(brightness)).clip(0, 1)
        mean = img.mean(axis=(1, 2), keepdims=True, dtype=np.float64).astype(np.float32)
        view['img'] = ((img - mean) * np.float32(contrast) + mean).clip(0, 1)
