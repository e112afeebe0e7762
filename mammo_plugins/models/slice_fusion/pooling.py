"""Fusions without parameters that the paper compares with its weighted average (Table 5)."""

from __future__ import annotations

from collections.abc import Callable

from mmdet.registry import MODELS
from torch import Tensor

from mammo_plugins.structures.decisive_slice import decisive_slice

from .base import FusedSlices, ObjectFeatureFusion


@MODELS.register_module()
class MeanFusion(ObjectFeatureFusion):
    """Plain average over slices. The slice of a finding is still the one that looks most malignant. No parameter.

    Source: M&M-3D, Table 5 (MeanPool).
    """

    def fuse(self, slice_feats: Tensor, malignancy_logits: Callable[[Tensor], Tensor]) -> FusedSlices:
        """Averages the slices."""
        return FusedSlices(slice_feats.mean(dim=1), malignancy_logits(slice_feats).log_softmax(dim=-1))


@MODELS.register_module()
class MaxFusion(ObjectFeatureFusion):
    """The slice that looks most malignant stands for all, or the largest value of each channel. No parameter.

    Source: M&M-3D, Table 5 (MaxPool). The paper does not say of what the maximum is taken; it explains the result with
    "the representation of the most suspicious slice", which is the default here.

    Args:
        by_channel: take the maximum of each channel instead.
    """

    def __init__(self, by_channel: bool = False) -> None:
        super().__init__()
        self.by_channel = by_channel

    def fuse(self, slice_feats: Tensor, malignancy_logits: Callable[[Tensor], Tensor]) -> FusedSlices:
        """Picks the slice, or the largest value of each channel."""
        log_weights = malignancy_logits(slice_feats).log_softmax(dim=-1)
        if self.by_channel:
            return FusedSlices(slice_feats.amax(dim=1), log_weights)
        best = decisive_slice(log_weights.exp())[:, None, None].expand(-1, 1, slice_feats.shape[-1])
        return FusedSlices(slice_feats.gather(1, best)[:, 0], log_weights)
