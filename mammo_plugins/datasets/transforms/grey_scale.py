"""Random changes of a view's grey scale one by one, over whatever range its values have."""

from __future__ import annotations

from typing import Any

import numpy as np
from mmdet.registry import TRANSFORMS

from .random_view import RandomViewTransform, check_probability, check_range


@TRANSFORMS.register_module()
class RandomLinearGrey(RandomViewTransform):
    """Multiplies a view by a factor near 1 and adds a shift; values are not clipped.

    Source: BigAug (Zhang et al. 2020): brightness (a shift alone) and intensity perturbation (both), on images whose
    standard deviation is 1.

    Args:
        scale: the factor lies in [1 - scale, 1 + scale].
        shift: most that is added or taken away, in parts of the view's standard deviation.
        prob: how often a view is changed.

    Raises:
        ValueError: a strength is negative, the factor may reach 0, or the probability is outside [0, 1].
    """

    def __init__(self, scale: float = 0.1, shift: float = 0.1, prob: float = 0.5) -> None:
        if not 0 <= scale < 1 or shift < 0:
            raise ValueError(f'out of range: {scale=}, {shift=}')
        self.scale, self.shift, self.prob = scale, shift, check_probability(prob)

    def sample_parameters(self, rng: np.random.Generator, view: dict[str, Any]) -> dict[str, float]:
        changed = rng.random() < self.prob
        scale, shift = rng.uniform(-1, 1, size=2) * (self.scale, self.shift) * changed
        return dict(factor=float(1 + scale), shift=float(shift))

    def apply(self, view: dict[str, Any], factor: float, shift: float) -> None:
        img = view['img']
        view['img'] = np.float32(factor) * img + np.float32(shift * img.std(dtype=np.float64))


@TRANSFORMS.register_module()
class RandomGamma(RandomViewTransform):
    """Raises a view to a power, after its lowest value became 0 and its highest 1; then the range is what it was.

    Source: BigAug (Zhang et al. 2020), contrast. ``RandomIntensity`` draws gamma evenly on a logarithmic scale, for
    values in [0, 1].

    Args:
        gamma: range of the exponent, above 0.
        prob: how often a view is changed.

    Raises:
        ValueError: the range is reversed or reaches 0, or the probability is outside [0, 1].
    """

    def __init__(self, gamma: tuple[float, float] = (0.5, 4.5), prob: float = 0.5) -> None:
        self.gamma, self.prob = check_range('gamma', gamma, at_least=1e-3), check_probability(prob)

    def sample_parameters(self, rng: np.random.Generator, view: dict[str, Any]) -> dict[str, float]:
        changed, gamma = rng.random() < self.prob, float(rng.uniform(*self.gamma))
        return dict(gamma=gamma if changed else 1.0)

    def apply(self, view: dict[str, Any], gamma: float) -> None:
        low, high = view['img'].min(), view['img'].max()
        if gamma != 1 and high > low:
            view['img'] = ((view['img'] - low) / (high - low)) ** np.float32(gamma) * (high - low) + low
