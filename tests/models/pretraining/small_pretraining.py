"""A linear encoder that treats samples one by one, and batches of images for it, in one or two processes."""

from __future__ import annotations

from pathlib import Path

import torch
import torch.distributed
from torch import nn

from tests.two_processes import in_two_processes as run_in_two_processes

SIZE = 6
# (patient, view) of each image; the second batch has a breast with one view.
IMAGES = [
    ('P1', 'L-CC'),
    ('P1', 'L-MLO'),
    ('P2', 'L-CC'),
    ('P2', 'L-MLO'),
    ('P3', 'R-CC'),
    ('P3', 'R-MLO'),
    ('P4', 'L-CC'),
]


def build(scheme: str):
    """The model around a linear encoder."""
    from mmdet.registry import MODELS

    from mammo_plugins.models.pretraining import ContrastivePretraining

    class Flat(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(SIZE * SIZE, 8)

        def forward(self, images):
            return (self.linear(images.flatten(1)),)

    class Head(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(8, 5)

        def forward(self, features):
            return (self.linear(features[0].relu()),)

    for name, part in (('FlatEncoder', Flat), ('FlatHead', Head)):
        MODELS.register_module(name=name, module=part, force=True)
    torch.manual_seed(0)
    return ContrastivePretraining(dict(type='FlatEncoder'), dict(type='FlatHead'), scheme)


def losses_and_gradients(scheme: str, chosen: list[int]) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    """Losses, and gradients as data parallel training leaves them, of two copies of some of the images."""
    from mammo_plugins.structures.image_identity import ImageIdentity

    model = build(scheme)
    everyone = torch.randn(2, len(IMAGES), 1, SIZE, SIZE, generator=torch.Generator().manual_seed(1))
    identities = [ImageIdentity(*IMAGES[index], str(index)) for index in chosen]
    network = model
    if torch.distributed.is_initialized():
        network = torch.nn.parallel.DistributedDataParallel(model)
    losses = network(list(everyone[:, chosen]), identities, mode='loss')
    sum(value for name, value in losses.items() if name.startswith('loss')).backward()
    gradients = {name: parameter.grad.clone() for name, parameter in model.named_parameters()}
    return {name: value.detach() for name, value in losses.items()}, gradients


def in_two_processes(scheme: str, cases: list[tuple[list[int], list[int]]], folder: Path) -> list[tuple]:
    """What each of two processes gets from `losses_and_gradients`, for each case.

    Args:
        scheme: of the model.
        cases: the images of the first and of the second process.
        folder: an empty folder, through which the processes meet.
    """
    first, second = ((scheme, list(chosen)) for chosen in zip(*cases))
    return list(zip(*run_in_two_processes(_all_cases, (first, second), folder)))


def _all_cases(scheme_and_cases: tuple[str, list[list[int]]]) -> list[tuple]:
    scheme, cases = scheme_and_cases
    return [losses_and_gradients(scheme, chosen) for chosen in cases]
