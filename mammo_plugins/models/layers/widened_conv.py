"""A separable convolution that reads further channels and yet begins as one that does not."""

from __future__ import annotations

import torch

from .separable_conv import SeparableConv


@torch.no_grad()
def start_from_narrow(wide: SeparableConv, narrow: SeparableConv) -> None:
    """Copies a convolution into one with further input channels, which count for nothing at first.

    Only the pointwise columns of the further channels are zero, and their depthwise kernels stay as they are: were both
    zero, the gradient of each would be zero as long as the other is, and neither would ever learn.

    Args:
        wide: is changed; its first input channels are those of ``narrow``.
        narrow: the convolution whose output ``wide`` then gives, whatever the further channels hold.

    Raises:
        ValueError: ``wide`` has fewer input or other output channels.
    """
    old, new = narrow.depthwise.in_channels, wide.depthwise.in_channels
    outputs = narrow.pointwise.out_channels, wide.pointwise.out_channels
    if new < old or outputs[0] != outputs[1]:
        raise ValueError(f'{old} to {outputs[0]} channels do not fit into {new} to {outputs[1]} channels')
    wide.depthwise.weight[:old] = narrow.depthwise.weight
    wide.pointwise.weight.zero_()
    wide.pointwise.weight[:, :old] = narrow.pointwise.weight
    if narrow.pointwise.bias is not None:
        wide.pointwise.bias.copy_(narrow.pointwise.bias)
    wide.norm.load_state_dict(narrow.norm.state_dict())
