"""Attention of a learned query to the slices."""

from __future__ import annotations

from collections.abc import Callable

import torch
from mmdet.registry import MODELS
from torch import Tensor, nn

from .base import FusedSlices, ObjectFeatureFusion, log_of_attention


@MODELS.register_module()
class QuerySummaryFusion(ObjectFeatureFusion):
    """QuerySummary: each proposal has a learned query that attends to its slice features.

    Parameters: ``N D`` of the queries and ``4 D^2 + 4 D`` of the attention.

    Source: M&M-3D, Eq. 9.

    Args:
        num_proposals: N, proposals a view.
        embed_dims: D.
        num_heads: attention heads.
    """

    def __init__(self, num_proposals: int, embed_dims: int, num_heads: int = 8) -> None:
        super().__init__()
        self.queries = nn.Parameter(torch.empty(num_proposals, embed_dims))
        nn.init.normal_(self.queries, std=0.02)
        self.attention = nn.MultiheadAttention(embed_dims, num_heads, batch_first=True)

    def fuse(self, slice_feats: Tensor, malignancy_logits: Callable[[Tensor], Tensor]) -> FusedSlices:
        """Asks the slices with each proposal's query (Eq. 9)."""
        views, rest = divmod(len(slice_feats), len(self.queries))
        if rest:
            raise ValueError(
                f'{len(slice_feats)} proposals are no whole number of views of {len(self.queries)}: give '
                'QuerySummaryFusion the num_proposals of the rpn_head'
            )
        queries = self.queries.repeat(views, 1)[:, None].to(slice_feats.dtype)
        features, weights = self.attention(queries, slice_feats, slice_feats, average_attn_weights=True)
        return FusedSlices(features[:, 0], log_of_attention(weights[:, 0]))
