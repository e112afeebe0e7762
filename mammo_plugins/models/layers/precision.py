"""Number types where half precision is too coarse."""

from __future__ import annotations

import torch
from torch import Tensor


def at_least_float32(tensor: Tensor) -> Tensor:
    """The tensor in float32 where automatic mixed precision made it float16 or bfloat16; float64 stays float64."""
    return tensor.to(torch.promote_types(tensor.dtype, torch.float32))
