"""A U-Net of few weights, batches with masks, and what it gives of them in one process or two."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from mmdet.structures.mask import BitmapMasks
from torch import Tensor

from tests.models.small_cases import SmallView, make_cases
from tests.models.small_models import build

SIZE = (64, 48)
NETWORK = dict(type='MonaiUNet', features=(4, 4, 8, 8, 8, 4))
BOXES = {0: [(8, 10, 20, 30)], 1: [(30, 5, 44, 25)]}
"""Class to the findings of an image that has it."""
KINDS = ('benign', 'both', 'none', 'without outline', 'not annotated')


def make_segmenter(**changes):
    torch.manual_seed(0)
    return build(dict(type='MammogramSegmenter', network=NETWORK, **changes))


def make_masked(kinds: Sequence[str], sizes: Sequence[tuple[int, int]] | None = None) -> list:
    """Cases of one image each, whose masks fill their boxes."""
    labels = {'benign': [0], 'both': [0, 1], 'without outline': [0, 1]}
    views = []
    for kind, size in zip(kinds, sizes or [SIZE] * len(kinds), strict=True):
        own = labels.get(kind, [])
        boxes = [box for label in own for box in BOXES[label]]
        views.append(SmallView(1, boxes=boxes, labels=own, image_size=size, annotated=kind != 'not annotated'))
    cases = make_cases([[view] for view in views])
    for number, (case, kind) in enumerate(zip(cases, kinds)):
        view = case.views[0]
        view.set_metainfo(dict(image_id=number))
        masks = np.zeros((len(view.gt_instances), *view.img_shape), np.uint8)
        for mask, (left, top, right, bottom) in zip(masks, view.gt_instances.bboxes.int().tolist()):
            mask[top:bottom, left:right] = 1
        has_masks = torch.ones(len(masks), dtype=torch.bool)
        if kind == 'without outline':
            masks[1], has_masks[1] = 0, False
        view.gt_instances.masks = BitmapMasks(masks, *view.img_shape)
        view.gt_instances.has_masks = has_masks
    return cases


def make_images(numbers: Sequence[int], size: tuple[int, int] = SIZE) -> Tensor:
    return torch.stack([torch.randn(1, *size, generator=torch.Generator().manual_seed(number)) for number in numbers])


def losses_and_gradients(numbers: Sequence[int]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Of the images of these numbers, of which each has its kind."""
    model = make_segmenter()
    losses = model.loss(make_images(numbers), make_masked([KINDS[number] for number in numbers]))
    sum(losses.values()).backward()
    gradients = {name: parameter.grad for name, parameter in model.named_parameters()}
    return {name: value.detach() for name, value in losses.items()}, gradients
