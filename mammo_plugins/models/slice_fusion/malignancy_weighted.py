"""Slices weighted by how malignant the finding looks on each."""

from __future__ import annotations

from collections.abc import Callable

from mmdet.registry import MODELS
from torch import Tensor

from .base import FusedSlices, SliceFusion


@MODELS.register_module()
class MalignancyWeightedFusion(SliceFusion):
    """Average of slice features, weighted by a softmax over slices of the malignancy logit. No parameter.

    Source: M&M-3D, Eq. 6. The softmax is taken of logits: of probabilities, no two weights could differ by more than
    a factor of e, which contradicts the sharp peaks of the paper's Fig. 4.
    """

    def forward(
        self,
        proposal_feats: Tensor,
        roi_feats: Tensor,
        interact: Callable[[Tensor, Tensor], Tensor],
        malignancy_logits: Callable[[Tensor], Tensor],
    ) -> FusedSlices:
        slice_feats = interact(proposal_feats, roi_feats)
        log_weights = malignancy_logits(slice_feats).log_softmax(dim=-1)
        features = (log_weights.exp().to(slice_feats.dtype)[..., None] * slice_feats).sum(dim=1)
        return FusedSlices(features, log_weights)
