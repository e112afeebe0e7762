"""AsyD of DisAsymNet: a normal and an abnormal image from the features of a side.

Glossary: N images, D channels and h x w size of the features, H x W of the image.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmcv.cnn import ConvModule
from mmdet.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn import functional as F

from ..layers.precision import at_least_float32
from ..layers.recompute import recompute_in_training


@MODELS.register_module()
class DisentanglingDecoder(BaseModule):
    """A U-Net decoder with two output channels; both sides share it.

    Each stage doubles the size (nearest neighbour), takes the encoder's features of that size beside its own where
    there are any, and convolves twice.

    Source: DisAsymNet, section 2.2 ("U-Net-like", "two-channel separation"); the rest is not stated.

    Args:
        in_channels: D of the features.
        stage_channels: channels of the encoder's stages, fine to coarse, each half as large as the one before; the
            last one is as large as the features and not taken again.
        channels: of each stage of the decoder, coarse to fine, as many as the features are smaller than the image in
            powers of two.
        skips: whether stages of the encoder are taken.
        norm_cfg: norm after each convolution but the last.
        recompute: compute the stages again in the backward pass rather than keep what is inside of them.

    Raises:
        ValueError: fewer stages of the decoder than of the encoder.
    """

    def __init__(
        self,
        in_channels: int,
        stage_channels: Sequence[int],
        channels: Sequence[int] = (256, 128, 64, 32, 16),
        skips: bool = True,
        norm_cfg: dict | None = None,
        recompute: bool = False,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        taken = list(stage_channels[-2::-1]) if skips else []
        if len(channels) < len(taken):
            raise ValueError(f'{len(channels)} decoder stages cannot take {len(taken)} stages: name more channels')
        self.skips = skips
        extra = taken + [0] * (len(channels) - len(taken))
        norm_cfg = norm_cfg or dict(type='BN')
        self.stages = nn.ModuleList(
            nn.Sequential(
                ConvModule(before + beside, after, 3, padding=1, norm_cfg=norm_cfg),
                ConvModule(after, after, 3, padding=1, norm_cfg=norm_cfg),
            )
            for before, beside, after in zip((in_channels, *channels), extra, channels)
        )
        if recompute:
            recompute_in_training(self.stages)
        self.separate = nn.Conv2d(channels[-1], 2, 3, padding=1)

    def forward(self, features: Tensor, stages: Sequence[Tensor]) -> Tensor:
        """Images from features.

        Args:
            features: (N, D, h, w).
            stages: of the encoder, fine to coarse, (N, D_l, h_l, w_l) each.

        Returns:
            (N, 2, H, W) float32 intensities in (0, 1): the normal image, then the abnormal one.
        """
        beside = list(stages[-2::-1]) if self.skips else []
        for index, stage in enumerate(self.stages):
            features = F.interpolate(features, scale_factor=2, mode='nearest')
            if index < len(beside):
                features = torch.cat([features, beside[index]], dim=1)
            features = stage(features)
        return at_least_float32(self.separate(features)).sigmoid()
