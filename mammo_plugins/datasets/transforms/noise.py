"""Random noise."""

from __future__ import annotations

from typing import Any

import numpy as np
from mmdet.registry import TRANSFORMS

from .random_view import RandomViewTransform, check_probability, check_range


@TRANSFORMS.register_module()
class RandomNoise(RandomViewTransform):
    """Adds Gaussian noise, independent from pixel to pixel and slice to slice; values are not clipped.

    Source: BigAug (Zhang et al. 2020), noise, on images whose standard deviation is 1.

    Args:
        std: range of the noise's standard deviation, in parts of that of the view.
        prob: how often a view is changed.

    Raises:
        ValueError: the range is reversed or negative, or the probability is outside [0, 1].
    """

    def __init__(self, std: tuple[float, float] = (0.1, 1.0), prob: float = 0.5) -> None:
        self.std, self.prob = check_range('std', std, at_least=0), check_probability(prob)

    def sample_parameters(self, rng: np.random.Generator, view: dict[str, Any]) -> dict[str, Any]:
        changed, std, seed = rng.random() < self.prob, float(rng.uniform(*self.std)), int(rng.integers(2**63))
        return dict(std=std if changed else None, seed=seed)

    def apply(self, view: dict[str, Any], std: float | None, seed: int) -> None:
        if std is None:
            return
        img = view['img']
        noise = np.random.default_rng(seed).standard_normal(img.shape, dtype=np.float32)
        view['img'] = img + np.float32(std * img.std(dtype=np.float64)) * noise
