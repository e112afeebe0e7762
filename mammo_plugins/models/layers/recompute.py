"""Modules that keep only their input in a training step and compute the rest again in the backward pass."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.checkpoint import checkpoint


def recompute_in_training(modules: Iterable[nn.Module]) -> None:
    """Has modules computed again in the backward pass; losses, gradients, batch statistics and keys stay the same.

    A batch norm takes the batch into its running statistics once, not again in the second forward pass.
    """
    for module in modules:
        # A partial of the module, not a closure: copies of the model (EMA) then run their own weights.
        module.forward = partial(_forward, module)


def _forward(module: nn.Module, *args: Any) -> Any:
    run = partial(type(module).forward, module)
    if not (module.training and torch.is_grad_enabled()):
        return run(*args)
    return checkpoint(run, *args, use_reentrant=False, context_fn=partial(_contexts, module))


def _contexts(module: nn.Module) -> tuple[AbstractContextManager, AbstractContextManager]:
    """Around the first forward pass, and around the second."""
    return nullcontext(), _StatisticsKept(module)


class _StatisticsKept:
    """What batch norms note of the batch goes into copies of their statistics, which are dropped.

    Torch enters it once in each backward pass through the module, of which there are several with ``retain_graph``.
    """

    def __init__(self, module: nn.Module) -> None:
        self._module = module
        self._kept: list[tuple[nn.Module, dict[str, torch.Tensor | None]]] = []

    def __enter__(self) -> None:
        self._kept = [(norm, dict(norm._buffers)) for norm in self._module.modules() if isinstance(norm, _BatchNorm)]
        for norm, buffers in self._kept:
            copies = {name: buffer if buffer is None else buffer.clone() for name, buffer in buffers.items()}
            norm._buffers.update(copies)

    def __exit__(self, *error: object) -> None:
        for norm, buffers in self._kept:
            norm._buffers.update(buffers)
        self._kept = []
