"""Each side on its own: what classifiers of single images have in place of a comparison."""

from __future__ import annotations

from mmdet.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor


@MODELS.register_module()
class SingleSides(BaseModule):
    """Leaves features as they are and compares nothing, so that pairs get no label.

    Source: DisAsymNet, table 1: ResNet-18 has no asymmetric row.

    Args:
        in_channels: D, channels of a side.
    """

    compared_channels = None

    def __init__(self, in_channels: int, init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg=init_cfg)
        self.out_channels = in_channels
        self.map_channels = slice(None)

    def forward(self, sides: Tensor) -> Tensor:
        """(B, 2, D, h, w), unchanged."""
        return sides
