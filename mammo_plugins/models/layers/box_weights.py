"""Weights of the positions of a feature pyramid by the boxes that they lie in."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def box_weights(
    boxes: Sequence[Tensor], levels: Sequence[Tensor], image_size: tuple[int, int], extra: float
) -> list[Tensor]:
    """1 at positions outside every box, 1 + ``extra`` at those whose centre is in one.

    Args:
        boxes: for each of N images (n, 4) xyxy in network pixels.
        levels: feature maps (N, C, H_l, W_l) over the whole image.
        image_size: height and width of the image, pixels.
        extra: what is added inside a box.

    Returns:
        A map (N, 1, H_l, W_l) a level.
    """
    weights = []
    for level in levels:
        height, width = level.shape[-2:]
        y = (torch.arange(height, device=level.device) + 0.5)[:, None] * image_size[0] / height
        x = (torch.arange(width, device=level.device) + 0.5)[None, :] * image_size[1] / width
        inside = torch.stack([_inside(own, x, y) for own in boxes])
        weights.append(1 + extra * inside[:, None].float())
    return weights


def _inside(boxes: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """(H, W), true where a centre is in one of the boxes (n, 4)."""
    x1, y1, x2, y2 = (side[:, None, None] for side in boxes.float().unbind(dim=1))
    return ((x1 <= x) & (x < x2) & (y1 <= y) & (y < y2)).any(dim=0)
