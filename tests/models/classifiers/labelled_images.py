"""Cases of one image with labels, and a small joint model in one process or two (gloo), each with its own images."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from tests.two_processes import in_two_processes as run_in_two_processes

SIZE = (128, 64)
NAN = float('nan')
Results = tuple[dict[str, Tensor], dict[str, Tensor]]
"""Losses and gradients, by name."""


def make_labelled(labels: Sequence[tuple[float, float]], sizes: Sequence[tuple[int, int]] | None = None) -> list:
    """Samples of one image each with labels (benign, malignant)."""
    from tests.models.small_cases import SmallView, make_cases

    sizes = sizes or [SIZE] * len(labels)
    cases = make_cases([[SmallView(1, image_size=size)] for size in sizes])
    for number, (case, values) in enumerate(zip(cases, labels, strict=True)):
        case.views[0].gt_labels = dict(zip(('benign', 'malignant'), values))
        case.views[0].set_metainfo(dict(image_id=number))
    return cases


def losses_and_gradients(images: list[tuple[int, tuple[float, float]]]) -> Results:
    """What the same joint model gives of a batch; an image is (seed, labels).

    Batch norms use their running statistics, which look at no other image.
    """
    from tests.models.released_weights import JOINT, RESNET, glam_config, load_released, random_weights
    from tests.models.small_models import build

    torch.manual_seed(0)
    changes = dict(patch_selection=dict(type='GreedyPatchSelection', patch_size=(32, 32)), train_patches=2)
    config = glam_config(**changes, local_module=dict(type='LocalModule', backbone=dict(RESNET, norm_eval=True)))
    model = build(config)
    load_released(model, random_weights(JOINT), ('global_network.postprocess_module.combine.weight',))
    model.eval()
    inputs = torch.stack([torch.randn(1, *SIZE, generator=torch.Generator().manual_seed(seed)) for seed, _ in images])
    losses = model.loss(inputs, make_labelled([labels for _, labels in images]))
    sum(losses.values()).backward()
    gradients = {name: p.grad for name, p in model.named_parameters()}
    return {name: value.detach() for name, value in losses.items()}, gradients


def in_two_processes(batches: tuple[list, list], folder: Path) -> tuple[Results, Results]:
    """``losses_and_gradients`` of one batch a process; this process is the first of the two."""
    return run_in_two_processes(losses_and_gradients, batches, folder)
