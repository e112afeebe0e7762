"""Joint attention over positions and slices of the RoI features."""

from __future__ import annotations

from collections.abc import Callable

import torch
from mmdet.registry import MODELS
from torch import Tensor, nn
from torch.nn import functional as F

from ..layers import PooledBoxes
from ..layers.precision import at_least_float32, without_autocast
from .base import FusedSlices, SliceFusion, log_of_attention


@MODELS.register_module()
class RoIAttentionFusion(SliceFusion):
    """TimeSform: every position of the RoI attends to all positions of all slices, then interacts once.

    The queries are the RoI features averaged over slices; keys and values are all S x k x k tokens. The result has the
    shape of a single slice, to which the head's interaction applies as in 2-D. How much all positions attend to a slice
    is its weight. Parameters: ``4 D^2 + 4 D`` of the attention and ``2 D`` of the norm.

    Source: M&M-3D, Eq. 8; Bertasius et al., Is space-time attention all you need, ICML 2021 (joint attention). Which
    tokens ask, the residual and the norm after it are not stated there.

    Args:
        embed_dims: D.
        num_heads: attention heads.
    """

    def __init__(self, embed_dims: int, num_heads: int = 8) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(embed_dims, num_heads, batch_first=True)
        self.norm = nn.LayerNorm(embed_dims)

    def forward(
        self,
        proposal_feats: Tensor,
        roi_feats: Tensor | PooledBoxes,
        interact: Callable[[Tensor, Tensor | PooledBoxes], Tensor],
        malignancy_logits: Callable[[Tensor], Tensor],
    ) -> FusedSlices:
        """Fuses the RoI features of all slices, then interacts once; see :meth:`SliceFusion.forward`."""
        if isinstance(roi_feats, PooledBoxes):
            roi_feats = roi_feats.tensor()
        _, num_slices, _, height, width = roi_feats.shape
        tokens = roi_feats.flatten(3).transpose(2, 3)  # (P, S, k*k, D)
        asking, asked = tokens.mean(dim=1), tokens.flatten(1, 2)
        answer, of_slices = self._attend(asking, asked, num_slices)
        fused = self.norm(asking + answer).transpose(1, 2).unflatten(2, (height, width))
        features = interact(proposal_feats, fused[:, None])[:, 0]
        return FusedSlices(features, log_of_attention(of_slices))

    def _attend(self, asking: Tensor, asked: Tensor, num_slices: int) -> tuple[Tensor, Tensor]:
        """What the tokens answer, (P, k*k, D), and the share of the attention that goes to each slice, (P, S).

        The weights themselves, which are many, are never kept: beside its value each token carries a mark of its slice,
        so that what arrives of the marks is the share of the slice.

        Args:
            asking: (P, k*k, D).
            asked: (P, S*k*k, D), slice after slice.
            num_slices: S.
        """
        own = self.attention
        weights, biases = own.in_proj_weight.chunk(3), own.in_proj_bias.chunk(3)
        query, key, value = (
            at_least_float32(F.linear(tokens, weight, bias)).unflatten(-1, (own.num_heads, -1)).transpose(1, 2)
            for tokens, weight, bias in zip((asking, asked, asked), weights, biases)
        )
        marks = torch.eye(num_slices, dtype=value.dtype, device=value.device)
        marks = marks.repeat_interleave(asked.shape[1] // num_slices, dim=0).expand(*value.shape[:-1], -1)
        with without_autocast(asking):
            arrived = F.scaled_dot_product_attention(
                *(F.pad(part, (0, num_slices)) for part in (query, key)),  # its kernels want one width for all three
                torch.cat([value, marks], dim=-1),
                scale=own.head_dim**-0.5,
            )
        answer, of_slices = arrived.split([own.head_dim, num_slices], dim=-1)
        return own.out_proj(answer.transpose(1, 2).flatten(2)), of_slices.mean(dim=(1, 2))
