"""Blocks in which each breast attends to itself and to the other one.

Glossary: B pairs, 2 sides (right, left), T tokens of a side, D channels, h x w feature map.
"""

from __future__ import annotations

import torch
from mmdet.registry import MODELS
from mmengine.model import BaseModule, ModuleList
from torch import Tensor, nn
from torch.nn import functional as F

from ..layers.recompute import recompute_in_training


class AsymmetricBlock(BaseModule):
    """Self-attention and cross-attention in parallel, joined with their input by a feed-forward network.

    Both sides, and both attentions, share query, key and value; attention has no projection of its own behind it, since
    the feed-forward network takes the joined heads in first.

    Source: DisAsymNet, section 2.1 and figure 1, in which there is neither residual nor norm.

    Args:
        embed_dims: D.
        num_heads: heads of both attentions.
        residual: normalise the input and add the result to it, which the paper does not state.

    Raises:
        ValueError: ``embed_dims`` is not a multiple of ``num_heads``.
    """

    def __init__(self, embed_dims: int, num_heads: int = 8, residual: bool = False) -> None:
        super().__init__()
        if embed_dims % num_heads:
            raise ValueError(f'embed_dims {embed_dims} cannot be split evenly among num_heads {num_heads}')
        self.num_heads = num_heads
        self.norm = nn.LayerNorm(embed_dims) if residual else None
        self.query, self.key, self.value = (nn.Linear(embed_dims, embed_dims) for _ in range(3))
        self.expand, self.shrink = nn.Linear(3 * embed_dims, embed_dims), nn.Linear(embed_dims, embed_dims)

    def init_weights(self) -> None:
        """Keeps the variance of what passes, so that many blocks without residual have a signal at their end."""
        nn.init.kaiming_normal_(self.expand.weight, nonlinearity='relu')
        for layer in (self.query, self.key, self.value, self.shrink):
            nn.init.xavier_uniform_(layer.weight)
        for layer in (self.query, self.key, self.value, self.expand, self.shrink):
            nn.init.zeros_(layer.bias)

    def forward(self, tokens: Tensor) -> Tensor:
        """(B, 2, T, D) to (B, 2, T, D)."""
        start = tokens if self.norm is None else self.norm(tokens)
        query, key, value = (self._split_heads(layer(start)) for layer in (self.query, self.key, self.value))
        own = F.scaled_dot_product_attention(query, key, value)
        other = F.scaled_dot_product_attention(query, key.flip(1), value.flip(1))
        joined = torch.cat([start, self._join_heads(own), self._join_heads(other)], dim=-1)
        fused = self.shrink(self.expand(joined).relu())
        return fused if self.norm is None else tokens + fused

    def _split_heads(self, tokens: Tensor) -> Tensor:
        """(B, 2, T, D) to (B, 2, heads, T, D / heads)."""
        return tokens.unflatten(-1, (self.num_heads, -1)).transpose(2, 3)

    def _join_heads(self, tokens: Tensor) -> Tensor:
        return tokens.transpose(2, 3).flatten(-2)


@MODELS.register_module()
class AsymmetricTransformer(BaseModule):
    """Asymmetric blocks over the feature maps of both sides.

    Without positional encoding permuted places give permuted results.

    Source: DisAsymNet, section 2.1.

    Args:
        in_channels: D.
        num_blocks: N.
        num_heads: heads of each attention.
        residual: see :class:`AsymmetricBlock`; a last layer norm follows the blocks then.
        positional_encoding: config of one of mmdet, such as ``SinePositionalEncoding`` or
            ``LearnedPositionalEncoding`` with ``num_feats`` of D / 2; None for none.
        recompute: compute the blocks again in the backward pass rather than keep what is inside of them.
    """

    def __init__(
        self,
        in_channels: int,
        num_blocks: int = 12,
        num_heads: int = 8,
        residual: bool = False,
        positional_encoding: dict | None = None,
        recompute: bool = False,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        self.out_channels = self.compared_channels = in_channels
        self.map_channels = slice(None)
        self.blocks = ModuleList(AsymmetricBlock(in_channels, num_heads, residual) for _ in range(num_blocks))
        self.norm = nn.LayerNorm(in_channels) if residual else nn.Identity()
        self.positional_encoding = None if positional_encoding is None else MODELS.build(positional_encoding)
        if recompute:
            recompute_in_training(self.blocks)

    def forward(self, sides: Tensor) -> Tensor:
        """(B, 2, D, h, w) to (B, 2, D, h, w)."""
        height, width = sides.shape[-2:]
        tokens = sides.flatten(-2).transpose(2, 3)
        if self.positional_encoding is not None:
            mask = sides.new_zeros((1, height, width), dtype=torch.bool)
            tokens = tokens + self.positional_encoding(mask).to(tokens.dtype).flatten(-2).transpose(1, 2)[:, None]
        for block in self.blocks:
            tokens = block(tokens)
        return self.norm(tokens).transpose(2, 3).unflatten(-1, (height, width))

    @staticmethod
    def compare(sides: Tensor) -> Tensor:
        """(B, D, h, w) absolute difference of the sides."""
        return (sides[:, 0] - sides[:, 1]).abs()
