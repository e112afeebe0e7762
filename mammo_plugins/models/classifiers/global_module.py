"""The global module: coarse saliency maps of whole images, and what is pooled from them.

Glossary: B images, C classes, N maps, the finest of (h, w) cells, D size of a representation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from mmdet.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn import functional as F

from ..layers.precision import at_least_float32
from ..layers.top_fraction_pooling import check_fraction, pool_top_fraction

POOL_AT = ('finest', 'native')
_SUM_TOLERANCE = 1e-6


class GlobalOutput(NamedTuple):
    """What the global module says of images.

    Attributes:
        maps: S_0, S_1, ...: (B, C, h_n, w_n) each, in [0, 1].
        saliency: (B, C, h, w) S_g.
        predictions: (B, C) probabilities pooled from each map.
        prediction: (B, C) their mean, y_g.
        representation: (B, D) z_g.
    """

    maps: list[Tensor]
    saliency: Tensor
    predictions: list[Tensor]
    prediction: Tensor
    representation: Tensor


@MODELS.register_module()
class GlobalModule(BaseModule):
    """A backbone, and a 1x1 convolution for each of its maps, without bias by default.

    With one map it is the global module of GMIC; that alone, with its pooling, is CAM.

    Source: GLAM (Liu et al. 2021), section 3.2 and appendix B.

    Args:
        backbone: config; gives maps from fine to coarse, whose sides divide each other.
        in_channels: of the backbone's maps.
        num_classes: C.
        map_weights: gamma_n, the part of each map in S_g; they add up to 1.
        pool_fraction: t, the part of a map's cells that is pooled.
        pool_at: ``finest``: all maps are brought to the finest by the nearest cell before they are pooled and their
            l1 norm is taken, as the released code does; ``native``: each stays as it is, as the appendix reads.
        head_bias: the 1x1 convolutions have one. Without it, some cells must carry how frequent a label is; with few
            images these are often not the finding's.
        init_cfg: as for every module of mmengine; Xavier's normal distribution of the 1x1 convolutions by default.

    Raises:
        ValueError: an argument is out of range.
    """

    def __init__(
        self,
        backbone: dict,
        in_channels: Sequence[int] = (64, 128, 256),
        num_classes: int = 2,
        map_weights: Sequence[float] = (0.2, 0.6, 0.2),
        pool_fraction: float = 0.03,
        pool_at: str = 'finest',
        head_bias: bool = False,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg or dict(type='Xavier', layer='Conv2d', distribution='normal'))
        if len(map_weights) != len(in_channels) or min(map_weights) < 0 or abs(sum(map_weights) - 1) > _SUM_TOLERANCE:
            raise ValueError(
                f'map_weights are {len(in_channels)} numbers of at least 0 that add up to 1, got {map_weights}'
            )
        if pool_at not in POOL_AT:
            raise ValueError(f'pool_at is one of {", ".join(POOL_AT)}, got {pool_at!r}')
        self.map_weights, self.pool_at = tuple(map_weights), pool_at
        self.pool_fraction = check_fraction(pool_fraction)
        self.backbone = MODELS.build(backbone)
        self.heads = nn.ModuleList(nn.Conv2d(count, num_classes, 1, bias=head_bias) for count in in_channels)

    def forward(self, images: Tensor) -> GlobalOutput:
        """What it says of images (B, channels, H, W)."""
        features = self.backbone(images)
        logits = [head(level) for head, level in zip(self.heads, features, strict=True)]
        native = [at_least_float32(level).sigmoid() for level in logits]
        finest = [native[0], *(F.interpolate(level, native[0].shape[-2:], mode='nearest') for level in native[1:])]
        maps = finest if self.pool_at == 'finest' else native
        predictions = [pool_top_fraction(level, self.pool_fraction) for level in maps]
        return GlobalOutput(
            maps=maps,
            saliency=sum(weight * level for weight, level in zip(self.map_weights, finest)),
            predictions=predictions,
            prediction=torch.stack(predictions).mean(dim=0),
            representation=at_least_float32(features[-1]).amax(dim=(-2, -1)),
        )
