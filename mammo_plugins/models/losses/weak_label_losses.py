"""What saliency maps learn from labels of whole images: cross-entropy of pooled probabilities, and sparsity."""

from __future__ import annotations

import torch
from mmdet.registry import MODELS
from torch import Tensor, nn
from torch.nn import functional as F

from ..layers.precision import at_least_float32, without_autocast
from .average_factor import global_average_factor


@MODELS.register_module()
class LabelCrossEntropyLoss(nn.Module):
    """Binary cross-entropy of probabilities, the mean over the known labels of all processes.

    Source: GLAM (Liu et al. 2021), equation 1 and section 3.3.

    Args:
        eps: probabilities are held between this and 1 minus this.
        loss_weight: factor of the loss.
    """

    def __init__(self, eps: float = 1e-6, loss_weight: float = 1.0) -> None:
        super().__init__()
        self.eps, self.loss_weight = eps, loss_weight

    def forward(self, probabilities: Tensor, labels: Tensor) -> Tensor:
        """The loss, a scalar; 0 where no label is known.

        Args:
            probabilities: (B, C).
            labels: (B, C) 0, 1, or NaN where unknown.
        """
        known = ~labels.isnan()
        target = torch.where(known, labels, torch.zeros_like(labels))
        with without_autocast(probabilities):
            held = at_least_float32(probabilities).clamp(self.eps, 1 - self.eps)
            entropy = F.binary_cross_entropy(held, target.to(held.dtype), weight=known.to(held.dtype), reduction='sum')
        return self.loss_weight * entropy / global_average_factor(known.sum(), entropy.device, 'labels')


@MODELS.register_module()
class MapSparsityLoss(nn.Module):
    """The l1 norm of saliency maps, the mean over the images of all processes.

    Source: GLAM (Liu et al. 2021), equation 1: summed over positions; classes are summed too.

    Args:
        loss_weight: lambda.
        reduction: ``sum`` over positions and classes of an image, as in the paper, or their ``mean``, as an author of
            GMIC described it.

    Raises:
        ValueError: an unknown reduction.
    """

    def __init__(self, loss_weight: float, reduction: str = 'sum') -> None:
        super().__init__()
        if reduction not in ('sum', 'mean'):
            raise ValueError(f'reduction is sum or mean, got {reduction!r}')
        self.loss_weight, self.reduction = loss_weight, reduction

    def forward(self, maps: Tensor) -> Tensor:
        """The loss, a scalar.

        Args:
            maps: (B, ...) maps of each image, in [0, 1].
        """
        per_image = at_least_float32(maps).abs().flatten(1)
        values = per_image.sum(dim=1) if self.reduction == 'sum' else per_image.mean(dim=1)
        return self.loss_weight * values.sum() / global_average_factor(len(maps), maps.device, 'views')
