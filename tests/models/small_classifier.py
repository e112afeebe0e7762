"""A small classifier with three labels, batches of images for it, and its gradients in one or two processes."""

from __future__ import annotations

from pathlib import Path

import torch

from tests.two_processes import in_two_processes as run_in_two_processes

NAN = float('nan')
TARGETS = [
    dict(name='malignant', class_weights=[1.0, 3.0]),
    dict(name='density', classes=['A/B', 'C/D'], weight=0.5),
    dict(name='mass_birads', classes=['2/3', '4A', '4B', '4C', '5']),
]
LABELS = [  # density counts from 1; mass_birads: 1 is BI-RADS 2, 5 is 4A, 0 (BI-RADS 1) is none of the classes
    dict(malignant=1.0, density=2.0, mass_birads=5.0),
    dict(malignant=0.0, density=NAN, mass_birads=1.0),
    dict(malignant=NAN, density=4.0, mass_birads=0.0),
    dict(malignant=0.0, density=1.0, mass_birads=8.0),
]

Gradients = tuple[dict[str, float], torch.Tensor]


def build(**changes):
    """The classifier; batch statistics are frozen, so that images are treated one by one."""
    from mmdet.registry import MODELS

    torch.manual_seed(0)
    config = dict(
        type='MammogramClassifier',
        backbone=dict(type='mmpretrain.ResNet', depth=18, base_channels=8, stem_channels=8, norm_eval=True),
        neck=dict(type='mmpretrain.GlobalAveragePooling'),
        in_channels=64,
        targets=TARGETS,
    )
    return MODELS.build(config | changes)


def batch_of(model, labels, sizes=None):
    """A batch of single images, in order of its labels."""
    from tests.models.small_cases import SmallView, make_batch

    views = [SmallView(image_size=size) for size in sizes or [(64, 48)] * len(labels)]
    torch.manual_seed(1)
    batch = make_batch(model, [[view] for view in views])
    for case, given in zip(batch['data_samples'], labels):
        case.gt_labels = case.views[0].gt_labels = given
    return batch


def gradients(rows: list[int]) -> Gradients:
    """Losses and the gradient of the last layer of some of the images."""
    model = build().train()
    batch = batch_of(model, LABELS)
    losses = model(batch['inputs'][rows], [batch['data_samples'][row] for row in rows], mode='loss')
    sum(losses.values()).backward()
    return {name: float(value.detach()) for name, value in losses.items()}, model.fc.weight.grad


def in_two_processes(rows: tuple[list[int], list[int]], folder: Path) -> tuple[Gradients, Gradients]:
    """:func:`gradients` of each of two processes, the first of which is this one."""
    return run_in_two_processes(gradients, rows, folder)
