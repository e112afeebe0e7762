"""A backbone whose two sides attend to each other between its last two stages.

Glossary: B pairs, 2 sides (right, left), T places of a feature map, D its channels, K channels of a query.
"""

from __future__ import annotations

from typing import Any

from mmdet.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn import functional as F


class PixelCrossAttention(BaseModule):
    """Each place of a side takes in a mean of the other side's features, weighted by the likeness of queries and keys.

    Both directions share all layers, so that swapping the sides swaps the results. Queries and keys are linear and
    without bias, values are the features themselves; a linear layer without bias joins the heads.

    Source: cross-view transformers (CVT, van Tulder et al. 2021), pixel by pixel, without positional encoding.

    Args:
        channels: D.
        num_heads: of the attention.
        head_channels: K.
        dropout: share of what is added that is dropped in training.
    """

    def __init__(self, channels: int, num_heads: int = 12, head_channels: int = 32, dropout: float = 0.5) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.query, self.key = (nn.Linear(channels, num_heads * head_channels, bias=False) for _ in range(2))
        self.join = nn.Linear(num_heads * channels, channels, bias=False)
        self.dropout, self.norm = nn.Dropout(dropout), nn.LayerNorm(channels)

    def forward(self, sides: Tensor) -> Tensor:
        """(B, 2, D, h, w) to (B, 2, D, h, w)."""
        own = sides.flatten(-2).mT
        other = own.flip(1)
        query, key = (
            layer(x).unflatten(-1, (self.num_heads, -1)).transpose(2, 3)
            for layer, x in ((self.query, own), (self.key, other))
        )
        values = other[:, :, None].expand(-1, -1, self.num_heads, -1, -1)
        attended = F.scaled_dot_product_attention(query, key, values)
        added = self.dropout(self.join(attended.transpose(2, 3).flatten(-2)))
        return self.norm(own + added).mT.reshape(sides.shape)


@MODELS.register_module()
class CrossViewBackbone(BaseModule):
    """The stages of a timm network, shared by both sides, with :class:`PixelCrossAttention` before the last one.

    Source: CVT, which has it between layers 3 and 4 of two ResNet-18s. They are one here, as DisAsymNet's table 1 has
    "a common backbone for all methods"; which side would be which in two is not stated.

    Args:
        backbone: config of an mmpretrain ``TIMMBackbone`` with ``features_only``, whose stages follow one another.
        num_heads, head_channels, dropout: see :class:`PixelCrossAttention`.

    Raises:
        ValueError: the backbone has no stages that can be called one by one.
    """

    def __init__(
        self,
        backbone: dict,
        num_heads: int = 12,
        head_channels: int = 32,
        dropout: float = 0.5,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        self.backbone = MODELS.build(backbone)
        network: Any = getattr(self.backbone, 'timm_model', None)
        if not isinstance(network, nn.ModuleDict) or len(network.return_layers) < 2:
            raise ValueError(
                f'{type(self.backbone).__name__} has no stages that follow one another: CrossViewBackbone takes an '
                'mmpretrain TIMMBackbone with features_only=True of a convolutional network of timm'
            )
        channels = network.feature_info.channels()[-2]
        self.attention = PixelCrossAttention(channels, num_heads, head_channels, dropout)

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Stages (2 B, D_l, h_l, w_l), fine to coarse, of images (2 B, C, H, W), right before left in a pair."""
        network = self.backbone.timm_model
        stages: list[Tensor] = []
        for name, module in network.items():
            images = module(images)
            if name not in network.return_layers:
                continue
            if len(stages) == len(network.return_layers) - 2:
                images = self.attention(images.unflatten(0, (-1, 2))).flatten(0, 1)
            stages.append(images)
        return tuple(stages)
