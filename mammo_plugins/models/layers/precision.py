"""Number types where half precision is too coarse."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor, nn


def at_least_float32(tensor: Tensor) -> Tensor:
    """The tensor in float32 where automatic mixed precision made it float16 or bfloat16; float64 stays float64."""
    return tensor.to(torch.promote_types(tensor.dtype, torch.float32))


def without_autocast(tensor: Tensor) -> AbstractContextManager:
    """A context without automatic mixed precision; an empty one where it is off, as graphs have no place for one."""
    device = tensor.device.type
    return torch.autocast(device, enabled=False) if torch.is_autocast_enabled(device) else nullcontext()


def in_full_precision(layer: nn.Linear, features: Tensor) -> Tensor:
    """Applies an output layer outside automatic mixed precision.

    With the 8 bits of bfloat16 the scores of neighbouring slices tie, and so does the ranking of findings.

    Args:
        layer: the layer, with weights in float32 or better.
        features: (..., D), of any floating type.
    """
    with without_autocast(features):
        return at_least_float32(layer(features.to(layer.weight.dtype)))
