"""Floating-point width of the stand-ins' arithmetic."""

from __future__ import annotations

import torch


def widen(tensor: torch.Tensor) -> torch.Tensor:
    """The tensor in float32 where it is float16 or bfloat16, unchanged otherwise.

    Under autocast mmcv is called with half-precision features and boxes. torchvision's kernels do not exist for every
    half type on every device, and bfloat16 holds a coordinate beyond 256 only to a whole pixel or worse, so all
    arithmetic runs in float32 and the result is rounded once, when it is written to mmcv's output.
    """
    return tensor.float() if tensor.dtype in (torch.float16, torch.bfloat16) else tensor
