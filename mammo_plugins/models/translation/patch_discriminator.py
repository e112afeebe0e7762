"""Tells real from made, patch by patch."""

from __future__ import annotations

from mmdet.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor, nn

from .resnet_generator import NORMAL_INIT

_MOST_DOUBLINGS = 3


@MODELS.register_module()
class PatchDiscriminator(BaseModule):
    """``num_layers + 2`` convolutions of 4 x 4 to a map of scores, the last two of stride 1.

    With four layers a score sees 142 pixels. MONAI's class of this name does not stop widening at 8 times ``width``.

    Source: Isola et al., "Image-to-image translation with conditional adversarial networks" (2017), appendix; six
        convolutions as MSVCL (2021) has.

    Args:
        channels: of the image.
        width: channels of the first convolution.
        num_layers: convolutions with stride 2.
        init_cfg: as for every module of mmengine.
    """

    def __init__(
        self, channels: int = 1, width: int = 64, num_layers: int = 4, init_cfg: dict | list[dict] | None = None
    ) -> None:
        super().__init__(init_cfg or NORMAL_INIT)
        widths = [width << min(step, _MOST_DOUBLINGS) for step in range(num_layers + 1)]
        layers: list[nn.Module] = [nn.Conv2d(channels, width, 4, stride=2, padding=1), nn.LeakyReLU(0.2, inplace=True)]
        for step in range(1, num_layers + 1):
            stride = 2 if step < num_layers else 1
            layers += [
                nn.Conv2d(widths[step - 1], widths[step], 4, stride=stride, padding=1),
                nn.InstanceNorm2d(widths[step]),
                nn.LeakyReLU(0.2, inplace=True),
            ]
        self.layers = nn.Sequential(*layers, nn.Conv2d(widths[-1], 1, 4, padding=1))

    def forward(self, images: Tensor) -> Tensor:
        """Scores (N, 1, h, w) of (N, C, H, W) images; 30 x 30 of 512 x 512 pixels with four layers."""
        return self.layers(images)
