"""Both sides without attention: an ablation, and late fusion."""

from __future__ import annotations

import torch
from mmdet.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor


@MODELS.register_module()
class SideConcatenation(BaseModule):
    """Features of each side beside those of the other one, place by place, in place of an ``AsymmetricTransformer``.

    Average pooled, these are the joined vectors of late fusion.

    Source: DisAsymNet, section 3.3: without the transformer, features of both sides "are simply concatenated and passed
    to the classifier".

    Args:
        in_channels: D, channels of a side.
        own_map: whether maps of a side show what its own features add to its logit, not those of the other one.
    """

    def __init__(self, in_channels: int, own_map: bool = False, init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg=init_cfg)
        self.out_channels = self.compared_channels = 2 * in_channels
        self.map_channels = slice(in_channels) if own_map else slice(None)

    def forward(self, sides: Tensor) -> Tensor:
        """(B, 2, D, h, w) to (B, 2, 2 D, h, w): own features, then those of the other side."""
        return torch.cat([sides, sides.flip(1)], dim=2)

    @staticmethod
    def compare(sides: Tensor) -> Tensor:
        """(B, 2 D, h, w): the right side's features, then the left side's."""
        return sides[:, 0]
