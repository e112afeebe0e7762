"""ResNet-22: a narrow pre-activation ResNet for whole mammograms.

Glossary: N images, C channels, H and W height and width in pixels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from mmdet.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor, nn

from ..layers.recompute import recompute_in_training

_STEM_STRIDE = 2 * 2  # convolution and max pooling


class PreActivationBlock(nn.Module):
    """Norm, ReLU, convolution, twice; the input, or its projection after the first ReLU, is added.

    Args:
        in_channels, channels: of the input and of the output.
        stride: of the first convolution.
        project: project the input by a 1x1 convolution without bias, else add it as it is.
    """

    def __init__(self, in_channels: int, channels: int, stride: int = 1, project: bool = False) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(in_channels)
        self.conv1 = nn.Conv2d(in_channels, channels, 3, stride=stride, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.projection = nn.Conv2d(in_channels, channels, 1, stride=stride, bias=False) if project else None

    def forward(self, features: Tensor) -> Tensor:
        active = self.norm1(features).relu()
        shortcut = features if self.projection is None else self.projection(active)
        return self.conv2(self.norm2(self.conv1(active)).relu()) + shortcut


@MODELS.register_module()
class ResNet22(BaseModule):
    """Feature maps of several stages; the last stage's have passed a norm and a ReLU, the others are as they leave it.

    Source: GLAM (Liu et al. 2021), appendix B; GMIC (Shen et al. 2021).

    Args:
        in_channels: of the images.
        channels: of each stage; the stem has those of the first.
        strides: of each stage's first block.
        blocks: of each stage. The first projects its input.
        out_indices: stages whose maps are given, in this order.
        pool_padding: of the max pooling; without any, as in the paper, maps of a stage whose cells are still those of
            the pooling lack a row and a column. 1 gives all.
        norm_outputs: all maps pass a norm of their own and a ReLU; in the paper and the release only the last does.
        recompute: keep only the input of each stage in training and compute the rest again for the gradients.
        init_cfg: as for every module of mmengine; Xavier's normal distribution by default.

    Raises:
        ValueError: stages do not agree.
    """

    def __init__(
        self,
        in_channels: int = 1,
        channels: Sequence[int] = (16, 32, 64, 128, 256),
        strides: Sequence[int] = (1, 2, 2, 2, 2),
        blocks: int = 2,
        out_indices: Sequence[int] = (2, 3, 4),
        pool_padding: int = 0,
        norm_outputs: bool = False,
        recompute: bool = False,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg or dict(type='Xavier', layer='Conv2d', distribution='normal'))
        if len(channels) != len(strides) or blocks < 1 or not set(out_indices) <= set(range(len(channels))):
            raise ValueError(f'stages do not agree: {channels=}, {strides=}, {blocks=}, {out_indices=}')
        self.out_indices = tuple(out_indices)
        self.size_divisor = _STEM_STRIDE * math.prod(strides)
        self.stem = nn.Conv2d(in_channels, channels[0], 7, stride=2, padding=3, bias=False)
        self.pool = nn.MaxPool2d(3, stride=2, padding=pool_padding)
        self.stages = nn.ModuleList()
        width = channels[0]
        for count, stride in zip(channels, strides):
            first = PreActivationBlock(width, count, stride, project=True)
            self.stages.append(nn.Sequential(first, *(PreActivationBlock(count, count) for _ in range(1, blocks))))
            width = count
        self.final_norm = nn.BatchNorm2d(width)
        normed = sorted({*out_indices} - {len(channels) - 1}) if norm_outputs else []
        self.output_norms = nn.ModuleDict({str(index): nn.BatchNorm2d(channels[index]) for index in normed})
        if recompute:
            recompute_in_training(self.stages)

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Maps (N, C, H / 16, W / 16), ... of the chosen stages.

        Args:
            images: (N, in_channels, H, W).

        Raises:
            ValueError: a side is no multiple of ``size_divisor``.
        """
        if images.shape[-2] % self.size_divisor or images.shape[-1] % self.size_divisor:
            raise ValueError(
                f'sides of images must be multiples of {self.size_divisor}, got (H, W) = {tuple(images.shape[-2:])}: '
                'set pad_size_divisor of the data preprocessor'
            )
        features = self.pool(self.stem(images))
        maps = []
        for stage in self.stages:
            features = stage(features)
            maps.append(features)
        maps[-1] = self.final_norm(maps[-1]).relu()
        for index, norm in self.output_norms.items():
            maps[int(index)] = norm(maps[int(index)]).relu()
        return tuple(maps[index] for index in self.out_indices)
