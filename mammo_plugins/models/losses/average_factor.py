"""One normaliser for a loss, whatever the number of processes."""

from __future__ import annotations

import torch
from mmengine.dist import all_reduce, get_world_size
from torch import Tensor


def global_average_factor(count: Tensor | float, device: torch.device) -> Tensor:
    """What to divide a process's summed loss by, so that averaged gradients equal those of one process.

    The count is summed over processes, held at 1 or more (a batch without any finding is normal in screening), and
    divided by the number of processes, because distributed training averages their gradients.

    Args:
        count: number of terms in this process.
        device: where the result lives.

    Returns:
        () float32 tensor.
    """
    total = torch.as_tensor(count, dtype=torch.float32, device=device).detach().clone()
    all_reduce(total, op='sum')
    return total.clamp(min=1.0) / get_world_size()
