"""What a task beside a model's own reads, and how a model asks all of its tasks.

Glossary: N images of a batch.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from torch import Tensor, nn


class AuxiliaryTask(nn.Module, ABC):
    """A task that trains a backbone beside the model's own, and is not there in prediction."""

    def attach(self, backbone: nn.Module) -> None:
        """Sees the backbone once it is built."""

    @abstractmethod
    def loss(
        self,
        backbone: Callable[[Tensor], Sequence[Tensor]],
        features: Sequence[Tensor],
        inputs: Tensor,
        views: Sequence[DetDataSample],
    ) -> dict[str, Tensor]:
        """Losses by name.

        Args:
            backbone: gives feature maps of images.
            features: its maps of ``inputs``, with gradients.
            inputs: (N, C, H, W) images as the backbone gets them.
            views: N samples, with ``gt_instances``, ``gt_labels`` and ``manufacturer``.
        """


class AuxiliaryTasks(nn.ModuleList):
    """All tasks of a model; none costs nothing.

    Args:
        configs: of the tasks.
        backbone: of the model.
    """

    def __init__(self, configs: Sequence[dict], backbone: nn.Module) -> None:
        super().__init__([MODELS.build(config) for config in configs])
        for task in self:
            task.attach(backbone)

    def loss(
        self,
        backbone: nn.Module,
        features: Sequence[Tensor],
        inputs: Tensor,
        views: Sequence[DetDataSample],
    ) -> dict[str, Tensor]:
        """The losses of all tasks.

        Raises:
            ValueError: two tasks give a loss of one name.
        """
        losses: dict[str, Tensor] = {}
        for task in self:
            found = task.loss(backbone, features, inputs, views)
            if shared := losses.keys() & found.keys():
                raise ValueError(f'two auxiliary tasks give {", ".join(sorted(shared))}: use each once')
            losses |= found
        return losses


@contextmanager
def kept_output(module: nn.Module) -> Iterator[list[Sequence[Tensor]]]:
    """While it lasts, what a module gives is kept in the list that comes with it, the first output first."""
    kept: list[Sequence[Tensor]] = []
    handle = module.register_forward_hook(lambda _module, _inputs, output: kept.append(output))
    try:
        yield kept
    finally:
        handle.remove()
