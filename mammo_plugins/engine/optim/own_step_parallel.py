"""Data parallel training of models with a training step of their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from mmengine.dist import all_reduce, broadcast, get_world_size
from mmengine.optim import OptimWrapper, OptimWrapperDict
from mmengine.registry import MODEL_WRAPPERS
from torch import nn


@MODEL_WRAPPERS.register_module()
class OwnStepDataParallel(nn.Module):
    """Calls the model's own ``train_step``; gradients are averaged over the processes before each step of an optimiser.

    mmengine's ``MMDistributedDataParallel`` runs a step of its own, with one loss and one optimiser. Its
    ``MMSeparateDistributedDataParallel`` wraps each part of a model, so that parts can be called only as a whole, and
    averages after each backward pass, also what is thrown away. Here the step may run any part, any number of forward
    and backward passes, and any of several optimisers, as long as every process takes the same steps. Gradients are
    averaged before they are clipped, and before mixed precision looks for infinite ones.

    Losses are means over equally many samples in each process, as for other data parallel training. Buffers are those
    of each process.

    Args:
        module: the model.
        **kwargs: must be empty; what mmengine or a config adds for torch's wrapper has no meaning here.

    Raises:
        ValueError: an argument that has no meaning.
    """

    def __init__(self, module: nn.Module, **kwargs: Any) -> None:
        super().__init__()
        if kwargs:
            raise ValueError(f'OwnStepDataParallel knows no {", ".join(kwargs)}: leave it out of model_wrapper_cfg')
        self.module = module
        for value in module.state_dict().values():
            broadcast(value)

    def train_step(self, data: Any, optim_wrapper: OptimWrapper | OptimWrapperDict) -> dict[str, torch.Tensor]:
        """The model's own step, see :meth:`mmengine.model.BaseModel.train_step`."""
        single = isinstance(optim_wrapper, OptimWrapper) and not isinstance(optim_wrapper, OptimWrapperDict)
        wrappers = [optim_wrapper] if single else list(optim_wrapper.values())
        with ExitStack() as stack:
            for wrapper in wrappers:
                stack.enter_context(_averaged_steps(wrapper))
            return self.module.train_step(data, optim_wrapper)

    def val_step(self, data: Any) -> list:
        """The model's own."""
        return self.module.val_step(data)

    def test_step(self, data: Any) -> list:
        """The model's own."""
        return self.module.test_step(data)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """The model's own."""
        return self.module(*args, **kwargs)

    @contextmanager
    def no_sync(self) -> Iterator[None]:
        """For :class:`mmengine.optim.OptimWrapper`: backward passes exchange nothing anyway."""
        yield


@contextmanager
def _averaged_steps(wrapper: OptimWrapper) -> Iterator[None]:
    """Averages the gradients before each ``step`` of the wrapper, which clips and unscales in it."""
    own_step = wrapper.step

    def step(**kwargs: Any) -> None:
        average_gradients([parameter for group in wrapper.param_groups for parameter in group['params']])
        own_step(**kwargs)

    wrapper.step = step  # shadows the method for the time of a training step, whatever class the wrapper is of
    try:
        yield
    finally:
        del wrapper.step


def average_gradients(parameters: Sequence[nn.Parameter]) -> None:
    """Replaces each gradient by the mean over the processes; a process without one counts as zero.

    What has a gradient in no process keeps none, so that an optimiser passes it over as it would in one process.
    """
    if get_world_size() == 1 or not parameters:
        return
    present = torch.tensor([p.grad is not None for p in parameters], dtype=torch.int32, device=parameters[0].device)
    all_reduce(present, 'max')
    chosen = [parameter for parameter, has in zip(parameters, present.tolist()) if has]
    by_kind: dict[tuple[torch.dtype, torch.device], list[nn.Parameter]] = {}
    for parameter in chosen:
        if parameter.grad is None:
            parameter.grad = torch.zeros_like(parameter)
        by_kind.setdefault((parameter.grad.dtype, parameter.grad.device), []).append(parameter)
    for group in by_kind.values():
        flat = torch.cat([parameter.grad.flatten() for parameter in group])
        all_reduce(flat, 'mean')
        for parameter, mean in zip(group, flat.split([parameter.numel() for parameter in group])):
            parameter.grad.copy_(mean.view_as(parameter))
