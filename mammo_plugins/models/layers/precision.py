"""Number types where half precision is too coarse."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def at_least_float32(tensor: Tensor) -> Tensor:
    """The tensor in float32 where automatic mixed precision made it float16 or bfloat16; float64 stays float64."""
    return tensor.to(torch.promote_types(tensor.dtype, torch.float32))


def in_full_precision(layer: nn.Linear, features: Tensor) -> Tensor:
    """Applies an output layer outside automatic mixed precision.

    With the 8 bits of bfloat16 the scores of neighbouring slices tie, and so does the ranking of findings.

    Args:
        layer: the layer, with weights in float32 or better.
        features: (..., D), of any floating type.
    """
    with torch.autocast(features.device.type, enabled=False):
        return at_least_float32(layer(features.to(layer.weight.dtype)))
