"""One batch out of those of all processes, through which gradients flow back.

Glossary: W processes, n samples of one of them, N of all.
"""

from __future__ import annotations

from typing import Any

import torch
from mmengine.dist import all_gather, all_reduce, get_rank, get_world_size
from torch import Tensor
from torch.nn import functional as F


def gather_samples(own: Tensor) -> Tensor:
    """The samples of all processes, those of the first one first.

    Where every process computes the loss of the whole batch from the result, the gradient of ``own`` is W times that
    of the loss, so that data parallel training, which averages over processes, ends with the gradient of one process.
    mmpretrain's ``SimCLR`` keeps what its own loss gives, and so trains with 1 / W of it.

    Args:
        own: (n, ...) samples of this process; n may differ, such as where a breast has one view only.

    Returns:
        (N, ...) samples.
    """
    if get_world_size() == 1:
        return own
    counts = [int(count) for count in all_gather(torch.tensor([len(own)], device=own.device))]
    padded = F.pad(own, (0, 0) * (own.ndim - 1) + (0, max(counts) - len(own)))
    everyone = _Gather.apply(padded) if own.requires_grad else torch.stack(all_gather(padded))
    return torch.cat([samples[:count] for samples, count in zip(everyone, counts)])


class _Gather(torch.autograd.Function):
    """Stacks equally large tensors of all processes; the gradient is the sum of what each process's loss gives."""

    @staticmethod
    def forward(ctx: Any, own: Tensor) -> Tensor:
        return torch.stack(all_gather(own.contiguous()))

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        gradient = gradient.contiguous().clone()
        all_reduce(gradient, op='sum')
        return gradient[get_rank()]
