"""Slices weighted by how malignant the finding looks on each."""

from __future__ import annotations

from collections.abc import Callable

from mmdet.registry import MODELS
from torch import Tensor

from .base import FusedSlices, ObjectFeatureFusion


@MODELS.register_module()
class MalignancyWeightedFusion(ObjectFeatureFusion):
    """Average of slice features, weighted by a softmax over slices of the malignancy logit. No parameter.

    Source: M&M-3D, Eq. 6. The softmax is taken of logits: of probabilities, no two weights could differ by more than
    a factor of e, which contradicts the sharp peaks of the paper's Fig. 4.
    """

    def fuse(self, slice_feats: Tensor, malignancy_logits: Callable[[Tensor], Tensor]) -> FusedSlices:
        """Weighs slices by their malignancy (Eq. 6)."""
        log_weights = malignancy_logits(slice_feats).log_softmax(dim=-1)
        features = (log_weights.exp().to(slice_feats.dtype)[..., None] * slice_feats).sum(dim=1)
        return FusedSlices(features, log_weights)
