"""Attention over the channels and places of one image, as HAM puts it before its classifiers.

Glossary: N images, D channels, T = h w places of a feature map.
"""

from __future__ import annotations

import torch
from mmcv.cnn import ConvModule
from mmdet.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn import functional as F


class PlaceAttention(BaseModule):
    """Each place gets a mean of all places, weighted by their likeness, times a learned gain that starts at 0.

    Args:
        channels: D.
        reduction: by how much queries and keys have fewer channels.
    """

    def __init__(self, channels: int, reduction: int = 8) -> None:
        super().__init__()
        self.query, self.key = (nn.Conv2d(channels, channels // reduction, 1) for _ in range(2))
        self.value = nn.Conv2d(channels, channels, 1)
        self.gain = nn.Parameter(torch.zeros(1))

    def forward(self, features: Tensor) -> Tensor:
        """(N, D, h, w) to (N, D, h, w)."""
        query, key, value = (layer(features).flatten(2).mT for layer in (self.query, self.key, self.value))
        attended = F.scaled_dot_product_attention(query, key, value, scale=1.0)
        return features + self.gain * attended.mT.view_as(features)


class ChannelAttention(BaseModule):
    """Each channel gets a mean of all channels, weighted by the likeness of their maps, times a gain from 0 on."""

    def __init__(self) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.zeros(1))

    def forward(self, features: Tensor) -> Tensor:
        """(N, D, h, w) to (N, D, h, w)."""
        maps = features.flatten(2)
        attended = F.scaled_dot_product_attention(maps, maps, maps)
        return features + self.gain * attended.view_as(features)


@MODELS.register_module()
class ForegroundAttention(BaseModule):
    """Place and channel attention of each side on its own, joined with the features by a convolution.

    Sides are not compared, so that pairs get no label.

    Source: hierarchical attention mining (HAM, Ouyang et al. 2020): foreground attention over channels and positions
    with residual gains from 0 on, then a 3 x 3 convolution with norm, ReLU and dropout of the features and the attended
    ones. Whether likeness is scaled is not stated: over channels it is, by the root of T, or it would saturate.

    Args:
        in_channels: D.
        out_channels: of the convolution.
        dropout: share of whole channels that is dropped in training.
        norm_cfg: of the convolution.
    """

    compared_channels = None

    def __init__(
        self,
        in_channels: int,
        out_channels: int = 512,
        dropout: float = 0.1,
        norm_cfg: dict | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        self.out_channels, self.map_channels = out_channels, slice(None)
        self.places, self.channels = PlaceAttention(in_channels), ChannelAttention()
        self.join = ConvModule(2 * in_channels, out_channels, 3, padding=1, norm_cfg=norm_cfg or dict(type='BN'))
        self.dropout = nn.Dropout2d(dropout)

    def forward(self, sides: Tensor) -> Tensor:
        """(B, 2, D, h, w) to (B, 2, out_channels, h, w)."""
        features = sides.flatten(0, 1)
        attended = self.places(features) + self.channels(features)
        return self.dropout(self.join(torch.cat([features, attended], dim=1))).unflatten(0, (-1, 2))
