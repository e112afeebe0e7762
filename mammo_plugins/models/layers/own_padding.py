"""Images of a batch without its padding: each is seen as if it were alone, and its maps end where it ends.

Glossary: n images of (H, W) pixels; every image is padded below and right to multiples of a divisor, and in a batch to
its largest image.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import groupby

from mmdet.structures import DetDataSample
from torch import Tensor
from torch.nn import functional as F

from mammo_plugins.structures.case_sample import MammoCaseSample


def single_slice_views(inputs: Tensor, cases: Sequence[MammoCaseSample]) -> list[DetDataSample]:
    """The views of all cases, one an image of the batch.

    Raises:
        ValueError: one has several slices, or there are more or fewer images.
    """
    views = [view for case in cases for view in case.views]
    for view in views:
        if view.num_slices != 1:
            raise ValueError(
                f'image {view.image_id} ({view.view}) has {view.num_slices} slices: load one with '
                'LoadMammogram(num_slices=1), the maximum intensity projection'
            )
    if len(views) != len(inputs):
        raise ValueError(f'{len(inputs)} images for {len(views)} views')
    return views


def own_shape(view: DetDataSample, divisor: int) -> tuple[int, int]:
    """(H, W) of a view padded for itself."""
    height, width = (math.ceil(side / divisor) * divisor for side in view.img_shape[:2])
    return height, width


def runs_of_one_size(
    inputs: Tensor, views: Sequence[DetDataSample], divisor: int
) -> Iterator[tuple[Tensor, list[DetDataSample]]]:
    """Neighbouring images of one size together, each padded for itself only, with their views."""
    start = 0
    for (height, width), run in groupby(views, key=lambda view: own_shape(view, divisor)):
        members = list(run)
        yield inputs[start : start + len(members), :, :height, :width], members
        start += len(members)


def map_without_padding(saliency: Tensor, padded: Sequence[int], shape: Sequence[int]) -> Tensor:
    """The part of maps (C, h, w) of a padded image that covers the image itself, from edge to edge.

    Args:
        saliency: the maps.
        padded: (H, W) of the padded image.
        shape: (H, W) of the image itself.
    """
    cells = [side // count for side, count in zip(padded, saliency.shape[-2:])]
    if any(side % cell for side, cell in zip(shape, cells)):
        saliency, cells = F.interpolate(saliency[None], tuple(padded), mode='nearest')[0], [1, 1]
    return saliency[:, : shape[0] // cells[0], : shape[1] // cells[1]]
