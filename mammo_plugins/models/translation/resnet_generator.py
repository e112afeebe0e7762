"""A fully convolutional network from an image to an image of the same size."""

from __future__ import annotations

from mmdet.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor, nn

NORMAL_INIT = dict(type='Normal', layer=['Conv2d', 'ConvTranspose2d'], mean=0.0, std=0.02, bias=0.0)
"""Initialisation of all convolutions. Source: Zhu et al. 2017, appendix."""


@MODELS.register_module()
class ResNetGenerator(BaseModule):
    """Two halvings of the image, residual blocks, two doublings, and a hyperbolic tangent.

    Instance normalisation has neither weights nor running statistics, so that training and prediction are the same
    function, and an output pixel depends on the statistics of its whole image.

    Source: Zhu et al., "Unpaired image-to-image translation using cycle-consistent adversarial networks" (2017),
        appendix; nine blocks, 64 channels and one image channel as in MSVCL's released weights.

    Args:
        channels: of the image, in and out.
        width: channels of the first convolution; doubled at each halving.
        blocks: residual blocks.
        upsampling: ``transposed`` convolutions, or ``resize`` (nearest pixel, then a convolution), which leaves no
            checkerboard.
        init_cfg: as for every module of mmengine.

    Raises:
        ValueError: no such upsampling.
    """

    def __init__(
        self,
        channels: int = 1,
        width: int = 64,
        blocks: int = 9,
        upsampling: str = 'transposed',
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg or NORMAL_INIT)
        if upsampling not in _UPSAMPLING:
            raise ValueError(f'upsampling is one of {", ".join(_UPSAMPLING)}, got {upsampling!r}')
        self.enter = nn.Sequential(nn.ReflectionPad2d(3), nn.Conv2d(channels, width, 7), *_normed(width))
        self.shrink = nn.Sequential(*(_halving(width << step) for step in range(2)))
        self.blocks = nn.Sequential(*(ResidualBlock(4 * width) for _ in range(blocks)))
        self.grow = nn.Sequential(*(_UPSAMPLING[upsampling](width << step) for step in (1, 0)))
        self.leave = nn.Sequential(nn.ReflectionPad2d(3), nn.Conv2d(width, channels, 7), nn.Tanh())

    def forward(self, images: Tensor) -> Tensor:
        """Translates (N, C, H, W) in [-1, 1]; H and W are multiples of 4, and at least 8.

        Raises:
            ValueError: they are not.
        """
        height, width = images.shape[-2:]
        if height % 4 or width % 4 or min(height, width) < 8:
            raise ValueError(f'the generator wants sides that are multiples of 4, at least 8, got {height} x {width}')
        return self.leave(self.grow(self.blocks(self.shrink(self.enter(images)))))


class ResidualBlock(nn.Module):
    """Two convolutions beside the identity; nothing follows the sum."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.ReflectionPad2d(1),
            nn.Conv2d(width, width, 3),
            *_normed(width),
            nn.ReflectionPad2d(1),
            nn.Conv2d(width, width, 3),
            nn.InstanceNorm2d(width),
        )

    def forward(self, features: Tensor) -> Tensor:
        return features + self.body(features)


def _normed(width: int) -> list[nn.Module]:
    return [nn.InstanceNorm2d(width), nn.ReLU(inplace=True)]


def _halving(width: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(width, 2 * width, 3, stride=2, padding=1), *_normed(2 * width))


def _transposed(width: int) -> nn.Sequential:
    doubling = nn.ConvTranspose2d(2 * width, width, 3, stride=2, padding=1, output_padding=1)
    return nn.Sequential(doubling, *_normed(width))


def _resized(width: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Upsample(scale_factor=2, mode='nearest'),
        nn.ReflectionPad2d(1),
        nn.Conv2d(2 * width, width, 3),
        *_normed(width),
    )


_UPSAMPLING = {'transposed': _transposed, 'resize': _resized}
