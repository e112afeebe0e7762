"""A slowly following copy of a module."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn


class MomentumCopy(nn.Module):
    """A copy whose weights and statistics are running means of a module's; it has no gradients and stays in eval mode.

    The first update copies, so that weights which the module got after its construction are taken. Unlike in EISNet's
    published code, statistics of batch normalisation follow too; else the copy would normalise by those it began with.
    mmengine's ``ExponentialMovingAverage`` with ``update_buffers`` keeps references to tensors that are replaced when a
    model moves to a GPU.

    Args:
        module: to copy.
        momentum: share of the old value in an update.
    """

    def __init__(self, module: nn.Module, momentum: float) -> None:
        super().__init__()
        if not 0 <= momentum < 1:
            raise ValueError(f'momentum lies in [0, 1), got {momentum}')
        self.module = copy.deepcopy(module).requires_grad_(False)
        self.module.eval()  # mmdet's backbones do not return themselves
        self.momentum = momentum
        self.register_buffer('updates', torch.zeros((), dtype=torch.long))

    def train(self, mode: bool = True) -> MomentumCopy:
        """Stays in eval mode."""
        return super().train(False)

    @torch.no_grad()
    def update(self, module: nn.Module) -> None:
        """Follows the module by one step."""
        momentum = self.momentum if self.updates else 0.0
        source = module.state_dict()
        for name, value in self.module.state_dict().items():
            if value.is_floating_point():
                value.lerp_(source[name].to(value.dtype), 1 - momentum)
            else:
                value.copy_(source[name])
        self.updates += 1

    @torch.no_grad()
    def forward(self, *args, **kwargs) -> Tensor:
        return self.module(*args, **kwargs)
