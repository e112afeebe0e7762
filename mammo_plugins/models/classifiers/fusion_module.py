"""The fusion module: one prediction from what the image and its patches show."""

from __future__ import annotations

import torch
from mmdet.registry import MODELS
from torch import Tensor, nn

from ..layers.precision import in_full_precision


@MODELS.register_module()
class FusionModule(nn.Module):
    """``sigmoid(w [z_g, z_l])``, one fully connected layer.

    Source: GLAM (Liu et al. 2021), section 3.2; GMIC (Shen et al. 2021), whose layer has a bias.

    Args:
        in_channels: sizes of z_g and z_l together.
        num_classes: C.
        bias: whether the layer has one.
    """

    def __init__(self, in_channels: int = 768, num_classes: int = 2, bias: bool = False) -> None:
        super().__init__()
        self.linear = nn.Linear(in_channels, num_classes, bias=bias)

    def forward(self, of_image: Tensor, of_patches: Tensor) -> Tensor:
        """(B, C) probabilities from representations (B, D_g) and (B, D_l)."""
        return in_full_precision(self.linear, torch.cat([of_image, of_patches], dim=-1)).sigmoid()
