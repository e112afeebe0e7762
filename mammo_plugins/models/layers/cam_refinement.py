"""Class activation maps of one linear classifier, and masks from them.

Glossary: N images, D channels, h x w feature map, H x W network input.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from .precision import at_least_float32

STEEPNESS, MIDDLE = 100.0, 0.4
"""Of the sigmoid that pushes a map towards 0 and 1."""
IN_MASK = 0.999
"""Refined value from which on a pixel is in the mask: 0.4691 of the range of its map."""
_SMALLEST_RANGE = 1e-5
_ROUNDING = 32
"""Units in the last place by which a constant map may vary."""


def class_activation(features: Tensor, weight: Tensor) -> Tensor:
    """What each place adds to a logit that a linear layer takes from average pooled features, where it is positive.

    Gradients reach the features, never the weights.

    Args:
        features: (N, D, h, w).
        weight: (1, D) of the linear layer.

    Returns:
        (N, h, w), 0 or more.
    """
    return F.conv2d(features, weight.detach()[..., None, None]).squeeze(1).relu()


def refine_cam(cam: Tensor, size: tuple[int, int]) -> Tensor:
    """An almost binary map at the size of the input.

    In this order: bilinear upsampling, minimum and maximum of each map to 0 and 1, steep sigmoid. A map that is
    constant up to rounding gives 0 (4e-18) everywhere; in the source it may not, since upsampling rounds. Any other
    noise gives a mask like any other map: gate it by the label.

    Source: hierarchical attention mining (Ouyang et al. 2020), which DisAsymNet, section 2.1, refers to.

    Args:
        cam: (N, h, w), from :func:`class_activation`.
        size: (H, W).

    Returns:
        (N, H, W) float32 in (0, 1).
    """
    cam = at_least_float32(cam)
    cam = F.interpolate(cam[:, None], size=size, mode='bilinear', align_corners=True)[:, 0]
    return torch.sigmoid(STEEPNESS * (stretch_cam(cam) - MIDDLE))


def stretch_cam(cam: Tensor) -> Tensor:
    """(N, h, w) each map from its minimum, 0, to its maximum, 1; 0 everywhere where it is constant up to rounding."""
    cam = at_least_float32(cam)
    low, high = cam.amin(dim=(1, 2), keepdim=True), cam.amax(dim=(1, 2), keepdim=True)
    extent = high - low
    constant = extent <= _ROUNDING * torch.finfo(cam.dtype).eps * high.abs()
    scaled = (cam - low) / extent.masked_fill(extent == 0, _SMALLEST_RANGE)
    return scaled.masked_fill(constant, 0.0)


def gate_by_label(refined: Tensor, labels: Tensor) -> Tensor:
    """Masks of images that are known to be abnormal; 0 everywhere for the others.

    Args:
        refined: (N, H, W).
        labels: (N,) 1, 0, or NaN where unknown.
    """
    return refined * (labels == 1).to(refined.dtype)[:, None, None]
