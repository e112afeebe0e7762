"""The bidirectional feature pyramid of EfficientDet.

Glossary: L levels, finest first; P3 is the first level of EfficientDet, with a stride of 8.
"""

from __future__ import annotations

from collections.abc import Sequence

from mmcv.cnn import build_norm_layer
from mmdet.registry import MODELS
from mmengine.model import BaseModule
from timm.layers import create_pool2d
from torch import Tensor, nn
from torch.nn import functional as F

from ..layers.separable_conv import SeparableConv
from ..layers.weighted_sum import FastNormalizedFusion, PlainSum

FUSIONS = {'fast': FastNormalizedFusion, 'sum': PlainSum}
POOL_PADDINGS = ('', 'same')


@MODELS.register_module()
class BiFPN(BaseModule):
    """Cells that pass features down and up between levels, each fusion weighted.

    Levels beyond the backbone's are made first: a 1x1 convolution of the coarsest map with norm, then max pooling, once
    more for each further level. The inputs of the first cell are projected to ``out_channels`` by a 1x1 convolution
    with norm of their own for each fusion that reads them; where the number of channels agrees there is none.

    Source: EfficientDet (Tan et al. 2020), section 3 and figure 3.

    Args:
        in_channels: of the backbone's maps, finest first.
        out_channels: of every output.
        num_cells: repeats of the cell.
        num_levels: L, levels in all; at least as many as the backbone gives.
        fusion: ``fast`` (fast normalised fusion) or ``sum``.
        pool_padding: padding of the max pooling that halves a map: ``''`` puts windows around even cells, ``'same'``
            pads to the right and below only, as TensorFlow does. Weights belong to one of them.
        conv_bias: whether convolutions before a norm have a bias (the released TensorFlow weights do).
        norm_cfg: norms of all convolutions.
        init_cfg: as for every module of mmengine.

    Raises:
        ValueError: an argument is out of range.
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        out_channels: int,
        num_cells: int,
        num_levels: int = 5,
        fusion: str = 'fast',
        pool_padding: str = '',
        conv_bias: bool = True,
        norm_cfg: dict | None = None,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg or dict(type='Xavier', distribution='uniform', layer='Conv2d'))
        if fusion not in FUSIONS:
            raise ValueError(f'fusion is one of {", ".join(FUSIONS)}, got {fusion!r}')
        if pool_padding not in POOL_PADDINGS:
            raise ValueError(f"pool_padding is '' or 'same', got {pool_padding!r}")
        if not 2 <= len(in_channels) <= num_levels or num_cells < 1:
            raise ValueError(
                f'num_cells is at least 1 and num_levels at least the number of inputs, which are two or more: got '
                f'{num_cells} cells, {num_levels} levels, in_channels {list(in_channels)}'
            )
        norm_cfg = norm_cfg or dict(type='BN', eps=1e-3, momentum=0.01)
        project = _Projections(out_channels, conv_bias, norm_cfg)
        self.num_inputs = len(in_channels)
        self.extra_projection = project(in_channels[-1]) if num_levels > len(in_channels) else nn.Identity()
        self.extra_pools = nn.ModuleList(_halving(pool_padding) for _ in range(num_levels - len(in_channels)))
        first = [*in_channels, *[out_channels] * (num_levels - len(in_channels))]
        self.cells = nn.ModuleList(
            _Cell(first if number == 0 else [out_channels] * num_levels, project, fusion, pool_padding)
            for number in range(num_cells)
        )

    def forward(self, inputs: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """The backbone's maps, finest first, each (N, C_l, H_l, W_l), to L maps of (N, out_channels, ., .)."""
        if len(inputs) != self.num_inputs:
            raise ValueError(f'BiFPN was built for {self.num_inputs} maps, got {len(inputs)}')
        levels = list(inputs)
        extra = self.extra_projection(levels[-1]) if len(self.extra_pools) else None
        for pool in self.extra_pools:
            extra = pool(extra)
            levels.append(extra)
        for cell in self.cells:
            levels = cell(levels)
        return tuple(levels)


class _Projections:
    """Makes the 1x1 convolutions with norm that bring a map to the width of the pyramid."""

    def __init__(self, out_channels: int, bias: bool, norm_cfg: dict) -> None:
        self.out_channels, self.bias, self.norm_cfg = out_channels, bias, norm_cfg

    def __call__(self, in_channels: int) -> nn.Module:
        if in_channels == self.out_channels:
            return nn.Identity()
        norm = build_norm_layer(self.norm_cfg, self.out_channels)[1]
        return nn.Sequential(nn.Conv2d(in_channels, self.out_channels, 1, bias=self.bias), norm)


class _Cell(nn.Module):
    """One pass down and one up. ``top_down`` and ``bottom_up`` hold their fusions in the order of use."""

    def __init__(self, channels: Sequence[int], project: _Projections, fusion: str, pool_padding: str) -> None:
        super().__init__()
        width, top = project.out_channels, len(channels) - 1
        self.top_down = nn.ModuleList(
            _Fusion([channels[level], channels[top] if level == top - 1 else width], project, fusion)
            for level in reversed(range(top))
        )
        self.bottom_up = nn.ModuleList(
            _Fusion([channels[level], *([width] if level < top else []), width], project, fusion)
            for level in range(1, top + 1)
        )
        self.halve = _halving(pool_padding)

    def forward(self, inputs: Sequence[Tensor]) -> list[Tensor]:
        top = len(inputs) - 1
        down = {}
        coarser = inputs[top]
        for level, fuse in zip(reversed(range(top)), self.top_down, strict=True):
            coarser = down[level] = fuse([inputs[level], coarser], self._enlarge)
        outputs = [down[0]]
        for level, fuse in zip(range(1, top + 1), self.bottom_up, strict=True):
            middle = [down[level]] if level < top else []
            outputs.append(fuse([inputs[level], *middle, outputs[-1]], self._shrink))
        return outputs

    @staticmethod
    def _enlarge(coarser: Tensor, like: Tensor) -> Tensor:
        return F.interpolate(coarser, size=like.shape[-2:], mode='nearest')

    def _shrink(self, finer: Tensor, like: Tensor) -> Tensor:
        return self.halve(finer)


class _Fusion(nn.Module):
    """Projects its inputs, brings the last one to the size of the first, fuses, activates and convolves."""

    def __init__(self, channels: Sequence[int], project: _Projections, fusion: str) -> None:
        super().__init__()
        self.projections = nn.ModuleList(project(width) for width in channels)
        self.fuse = FUSIONS[fusion](len(channels))
        self.activate = nn.SiLU()
        self.convolve = SeparableConv(project.out_channels, bias=project.bias, norm_cfg=project.norm_cfg)

    def forward(self, maps: Sequence[Tensor], resize) -> Tensor:  # noqa: ANN001
        maps = [projection(features) for projection, features in zip(self.projections, maps, strict=True)]
        maps[-1] = resize(maps[-1], maps[0])
        return self.convolve(self.activate(self.fuse(maps)))


def _halving(padding: str) -> nn.Module:
    return create_pool2d('max', kernel_size=3, stride=2, padding=padding or 1)
