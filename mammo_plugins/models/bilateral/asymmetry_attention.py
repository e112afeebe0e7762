"""Attention to the places where a side differs from the other one."""

from __future__ import annotations

import torch
from mmcv.cnn import ConvModule
from mmdet.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor, nn


@MODELS.register_module()
class AsymmetryAttention(BaseModule):
    """Raises features of a side where they differ from those of the other side at the same place.

    Both sides share two convolutions that make a weight between 0 and 1 of a side's features and the absolute
    difference of both; features are multiplied by 1 plus it.

    Source: the abstract of Wang et al. (2022), "Looking for abnormalities using asymmetrical information from bilateral
    mammograms", and what DisAsymNet says of it ("attention-based"). No more of it can be read: every detail is ours.

    Args:
        in_channels: D, channels of a side.
        reduction: by how much the first convolution has fewer channels.
    """

    def __init__(self, in_channels: int, reduction: int = 4, init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg=init_cfg)
        self.out_channels = self.compared_channels = in_channels
        self.map_channels = slice(None)
        hidden = in_channels // reduction
        self.weigh = nn.Sequential(
            ConvModule(2 * in_channels, hidden, 3, padding=1, norm_cfg=dict(type='BN')), nn.Conv2d(hidden, 1, 1)
        )

    def forward(self, sides: Tensor) -> Tensor:
        """(B, 2, D, h, w) to (B, 2, D, h, w)."""
        difference = (sides - sides.flip(1)).abs()
        weights = self.weigh(torch.cat([sides, difference], dim=2).flatten(0, 1)).sigmoid()
        return sides * (1 + weights.unflatten(0, (-1, 2)))

    @staticmethod
    def compare(sides: Tensor) -> Tensor:
        """(B, D, h, w) absolute difference of the sides."""
        return (sides[:, 0] - sides[:, 1]).abs()
