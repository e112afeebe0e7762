"""A 3x3 convolution in two factors, one over space and one over channels."""

from __future__ import annotations

from mmcv.cnn import build_norm_layer
from mmengine.model import BaseModule
from torch import Tensor, nn


class SeparableConv(BaseModule):
    """Depthwise 3x3 convolution without bias, then pointwise convolution, then a norm where one is asked for.

    Source: Xception (Chollet 2017), as EfficientDet (Tan et al. 2020, section 4) uses it.

    Args:
        in_channels: channels that come in.
        out_channels: channels that go out; ``in_channels`` where None.
        bias: whether the pointwise convolution has a bias.
        norm_cfg: norm of the output, None for none.
        init_cfg: as for every module of mmengine.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int | None = None,
        bias: bool = True,
        norm_cfg: dict | None = None,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        out_channels = in_channels if out_channels is None else out_channels
        self.depthwise = nn.Conv2d(in_channels, in_channels, 3, padding=1, groups=in_channels, bias=False)
        self.pointwise = nn.Conv2d(in_channels, out_channels, 1, bias=bias)
        self.norm = nn.Identity() if norm_cfg is None else build_norm_layer(norm_cfg, out_channels)[1]

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_channels, H, W) to (N, out_channels, H, W)."""
        return self.norm(self.pointwise(self.depthwise(x)))
