"""A multilayer perceptron over all slices, and a slice that is regressed."""

from __future__ import annotations

from collections.abc import Callable

import torch
from mmdet.registry import MODELS
from torch import Tensor, nn

from .base import FusedSlices, ObjectFeatureFusion


@MODELS.register_module()
class MLPRegressFusion(ObjectFeatureFusion):
    """MLP-Regress: slice features in a row go through an MLP; the slice is regressed from the result.

    The number of slices is part of the weights, so every volume must have as many. Parameters: ``S D^2 + D`` and
    ``D^2 + D`` of the MLP, ``2 D`` of its norm, ``D + 1`` of the regression.

    Source: M&M-3D, Eq. 10. Here the MLP has one hidden layer of width D; the slice is a number in [0, 1] (L1 loss).

    Args:
        num_slices: S.
        embed_dims: D.
    """

    def __init__(self, num_slices: int, embed_dims: int) -> None:
        super().__init__()
        self.num_slices = num_slices
        self.mlp = nn.Sequential(
            nn.Linear(num_slices * embed_dims, embed_dims),
            nn.ReLU(inplace=True),
            nn.Linear(embed_dims, embed_dims),
            nn.LayerNorm(embed_dims),
        )
        self.regress = nn.Linear(embed_dims, 1)

    def fuse(self, slice_feats: Tensor, malignancy_logits: Callable[[Tensor], Tensor]) -> FusedSlices:
        """Runs the slices in a row through the MLP (Eq. 10)."""
        if slice_feats.shape[1] != self.num_slices:
            raise ValueError(
                f'MLPRegressFusion was made for {self.num_slices} slices and got {slice_feats.shape[1]}: give it the '
                'num_slices of LoadMammogram, and volumes of at least as many slices'
            )
        features = self.mlp(slice_feats.flatten(1))
        positions = self.regress(features)[:, 0].float().sigmoid()
        chosen = (positions.detach() * self.num_slices).long().clamp(max=self.num_slices - 1)
        one_hot = torch.nn.functional.one_hot(chosen, self.num_slices)
        return FusedSlices(features, one_hot.float().log(), positions)
