"""Attention from the proposals of one view to those of the other view of the same breast."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmcv.cnn.bricks.transformer import MultiheadAttention
from mmdet.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor, nn


@MODELS.register_module()
class CrossViewAttention(BaseModule):
    """Multi-head attention with residual and layer norm between the two views of a breast.

    Both directions share weights.

    A view without a partner passes unchanged: no norm is applied, so a single-view batch behaves as if the module
    were absent.

    Source: M&M-3D, Eq. 3. Residual, norm and 8 heads follow Sparse R-CNN's self-attention; the paper states none.

    Args:
        embed_dims: D, channels of a proposal feature.
        num_heads: attention heads.
        dropout: dropout of the attention weights.

    Raises:
        ValueError: ``embed_dims`` is not a multiple of ``num_heads``.
    """

    def __init__(self, embed_dims: int, num_heads: int = 8, dropout: float = 0.0, init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg=init_cfg)
        if embed_dims % num_heads:
            raise ValueError(f'embed_dims {embed_dims} cannot be split evenly among num_heads {num_heads}')
        self.attention = MultiheadAttention(embed_dims, num_heads, dropout, batch_first=True)
        self.norm = nn.LayerNorm(embed_dims)

    def forward(self, proposal_feats: Tensor, partners: Sequence[int]) -> Tensor:
        """Lets each view look at its partner.

        Args:
            proposal_feats: (V, N, D) features after self-attention, all views of the batch.
            partners: for each view the index of the other view of its breast, or -1.

        Returns:
            (V, N, D) features.
        """
        paired = [view for view, partner in enumerate(partners) if partner >= 0]
        if not paired:
            return proposal_feats
        query = proposal_feats[paired]
        other = proposal_feats[[partners[view] for view in paired]]
        attended = self.norm(self.attention(query, key=other, value=other))
        index = torch.tensor(paired, device=proposal_feats.device)
        return proposal_feats.index_copy(0, index, attended.to(proposal_feats.dtype))
