"""Focal loss with an exponent for each kind of target."""

from __future__ import annotations

import torch
from mmdet.models.losses.utils import weight_reduce_loss
from mmdet.registry import MODELS
from torch import Tensor, nn
from torch.nn import functional as F


@MODELS.register_module()
class TwoGammaFocalLoss(nn.Module):
    """Sigmoid focal loss whose exponents for positive and negative targets differ.

    With equal exponents it is mmdet's ``FocalLoss``.

    Source: SM/FFDM fusion (Sharma et al. 2024), equation 1, and section 5 for alpha, gamma_0 and gamma_1; that these
    are the exponents of negative and positive targets is our reading.

    Args:
        gamma_positive: exponent of (1 - p) for positive targets.
        gamma_negative: exponent of p for negative targets.
        alpha: weight of positive targets; negative ones have 1 - alpha.
        loss_weight: factor of the loss.
        use_sigmoid: always true; heads of mmdet ask for it.

    Raises:
        ValueError: use_sigmoid is false, or alpha is outside [0, 1].
    """

    def __init__(
        self,
        gamma_positive: float = 2.5,
        gamma_negative: float = 2.5,
        alpha: float = 0.9,
        loss_weight: float = 1.0,
        use_sigmoid: bool = True,
    ) -> None:
        super().__init__()
        if not use_sigmoid:
            raise ValueError('use_sigmoid=False: the classes have a sigmoid each')
        if not 0 <= alpha <= 1:
            raise ValueError(f'alpha is in [0, 1], got {alpha}')
        self.gamma_positive, self.gamma_negative, self.alpha = gamma_positive, gamma_negative, alpha
        self.loss_weight, self.use_sigmoid = loss_weight, True

    def forward(
        self,
        pred: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        avg_factor: float | Tensor | None = None,
        reduction_override: str | None = None,
    ) -> Tensor:
        """The loss.

        Args:
            pred: (N, classes) logits.
            target: (N,) class numbers, ``classes`` for the background.
            weight: (N,), or None for ones.
            avg_factor: what the sum is divided by; the number of elements where None.
            reduction_override: ``none``, ``mean`` or ``sum`` in place of the mean.
        """
        pred = pred.float()
        positive = F.one_hot(target, pred.shape[1] + 1)[:, :-1].float()
        entropy = F.binary_cross_entropy_with_logits(pred, positive, reduction='none')
        missed = (-torch.expm1(-entropy)).clamp(min=torch.finfo(torch.float32).tiny)  # 1 - p of the target's side
        gamma = positive * self.gamma_positive + (1 - positive) * self.gamma_negative
        alpha = positive * self.alpha + (1 - positive) * (1 - self.alpha)
        loss = alpha * missed**gamma * entropy
        if weight is not None and weight.dim() < loss.dim():
            weight = weight[:, None]
        return self.loss_weight * weight_reduce_loss(loss, weight, reduction_override or 'mean', avg_factor)
