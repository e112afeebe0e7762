"""Fusing feature maps of one size by learnt weights."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn


class FastNormalizedFusion(BaseModule):
    """``sum(w_i x_i) / (sum(w_i) + eps)`` with ``w = relu(weights)``, one scalar an input, 1 at the start.

    Source: EfficientDet (Tan et al. 2020), section 3.3.

    Args:
        num_inputs: maps to fuse.
        eps: keeps the quotient finite where all weights are 0.
    """

    def __init__(self, num_inputs: int, eps: float = 1e-4) -> None:
        super().__init__()
        self.weights = nn.Parameter(torch.ones(num_inputs))
        self.eps = eps

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        """Maps of one shape to their fusion."""
        weights = self.weights.relu().to(maps[0].dtype)
        weights = weights / (weights.sum() + self.eps)
        return sum(weight * features for weight, features in zip(weights, maps, strict=True))


class PlainSum(BaseModule):
    """The sum of the maps; EfficientDet's D6 and larger fuse so (appendix of the released code)."""

    def __init__(self, num_inputs: int) -> None:
        super().__init__()
        self.num_inputs = num_inputs

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        """Maps of one shape to their sum."""
        return sum(maps)
