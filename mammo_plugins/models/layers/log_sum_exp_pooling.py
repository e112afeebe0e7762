"""Pooling between the mean and the maximum of a map."""

from __future__ import annotations

import math

from mmdet.registry import MODELS
from torch import Tensor, nn

from .precision import at_least_float32


@MODELS.register_module()
class LogSumExpPooling(nn.Module):
    """``log(mean(exp(r x))) / r`` of each channel: the mean for small r, the maximum for large r.

    Source: HAM (Ouyang et al. 2020), r = 6.

    Args:
        sharpness: r.

    Raises:
        ValueError: r is not positive.
    """

    def __init__(self, sharpness: float = 6.0) -> None:
        super().__init__()
        if sharpness <= 0:
            raise ValueError(f'sharpness must be positive, got {sharpness}')
        self.sharpness = sharpness

    def forward(self, features: Tensor) -> Tensor:
        """(..., D, h, w) to (..., D) float32 or better."""
        places = self.sharpness * at_least_float32(features).flatten(-2)
        return (places.logsumexp(dim=-1) - math.log(places.shape[-1])) / self.sharpness
