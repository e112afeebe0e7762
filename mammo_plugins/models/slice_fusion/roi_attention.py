"""Joint attention over positions and slices of the RoI features."""

from __future__ import annotations

from collections.abc import Callable

from mmdet.registry import MODELS
from torch import Tensor, nn

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
        roi_feats: Tensor,
        interact: Callable[[Tensor, Tensor], Tensor],
        malignancy_logits: Callable[[Tensor], Tensor],
    ) -> FusedSlices:
        """Fuses the RoI features of all slices, then interacts once; see :meth:`SliceFusion.forward`."""
        num_proposals, num_slices, _, height, width = roi_feats.shape
        tokens = roi_feats.flatten(3).transpose(2, 3)  # (P, S, k*k, D)
        asking, asked = tokens.mean(dim=1), tokens.flatten(1, 2)
        answer, weights = self.attention(asking, asked, asked, average_attn_weights=True)
        fused = self.norm(asking + answer).transpose(1, 2).unflatten(2, (height, width))
        features = interact(proposal_feats, fused[:, None])[:, 0]
        of_slices = weights.mean(dim=1).view(num_proposals, num_slices, height * width).sum(dim=-1)
        return FusedSlices(features, log_of_attention(of_slices))
