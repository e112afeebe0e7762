"""A copy of a network that judges and never learns."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint


class FrozenCopy:
    """The state that a network had when it was last followed, in evaluation mode and without parameter gradients.

    Gradients pass to its inputs. It is no module: checkpoints and optimisers do not see it, and none is needed to
    resume, since it follows before it is asked.

    Source: DisAsymNet, section 2.2; evaluation mode is ours, training mode would change batch statistics.

    Args:
        recompute: compute the network again in the backward pass rather than keep what is inside of it.
    """

    def __init__(self, recompute: bool = False) -> None:
        self.recompute = recompute
        self.network: nn.Module | None = None

    @torch.no_grad()
    def follow(self, source: nn.Module) -> None:
        """Takes over parameters and buffers."""
        own = {} if self.network is None else self.network.state_dict()
        state = source.state_dict()
        if own and all(own[name].device == value.device for name, value in state.items()):
            for name, value in state.items():
                own[name].copy_(value)
            return
        self.network = copy.deepcopy(source).requires_grad_(False).eval()

    def __call__(self, *args: Any) -> Any:
        """What the network says.

        Raises:
            RuntimeError: it has followed none yet.
        """
        if self.network is None:
            raise RuntimeError('a FrozenCopy says nothing before it has followed a network: call follow first')
        return checkpoint(self.network, *args, use_reentrant=False) if self.recompute else self.network(*args)

    def __deepcopy__(self, memo: dict) -> FrozenCopy:
        return FrozenCopy(self.recompute)  # copies of a model (EMA) follow their own part
