"""Multi-instance learning: image and breast labels train the proposals' malignancy scores."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from mmdet.registry import MODELS
from torch import Tensor, nn

from ..layers.mil_pooling import log_noisy_or, log_not_noisy_or
from .average_factor import global_average_factor


@MODELS.register_module()
class NoisyOrMILLoss(nn.Module):
    """Binary cross-entropy on noisy-or image scores and on their mean, the breast score.

    All in log space: ``log p`` and ``log (1 - p)`` of an image come from
    :func:`~mammo_plugins.models.layers.log_noisy_or`, those of a breast by ``logsumexp`` over its views.

    Source: M&M-3D, section 2 (noisy-or for images, mean over views for breasts).

    Args:
        image_weight: weight of the image-level loss.
        breast_weight: weight of the breast-level loss.
    """

    def __init__(self, image_weight: float = 1.0, breast_weight: float = 1.0) -> None:
        super().__init__()
        self.image_weight = image_weight
        self.breast_weight = breast_weight

    def forward(
        self, logits: Tensor, view_labels: Tensor, breast_labels: Tensor, views_per_breast: Sequence[int]
    ) -> dict[str, Tensor]:
        """The two losses.

        Args:
            logits: (V, N) malignancy logits of the proposals.
            view_labels: (V,) 1 malignant, 0 not, NaN unknown.
            breast_labels: (B,) likewise.
            views_per_breast: B entries that sum to V.

        Returns:
            ``loss_mil_image`` and ``loss_mil_breast``, means over the labelled images and breasts of all processes.
        """
        log_p, log_q = log_noisy_or(logits), log_not_noisy_or(logits)
        breast_log_p, breast_log_q = (
            torch.stack([torch.logsumexp(v, 0) - math.log(len(v)) for v in values.split(list(views_per_breast))])
            for values in (log_p, log_q)
        )
        return dict(
            loss_mil_image=self.image_weight * _mean_cross_entropy(log_p, log_q, view_labels, 'images'),
            loss_mil_breast=self.breast_weight
            * _mean_cross_entropy(breast_log_p, breast_log_q, breast_labels, 'breasts'),
        )


def _mean_cross_entropy(log_p: Tensor, log_q: Tensor, labels: Tensor, of: str) -> Tensor:
    known = ~labels.isnan()
    target = torch.where(known, labels, torch.zeros_like(labels))
    entropy = -(target * log_p + (1 - target) * log_q)
    average_factor = global_average_factor(known.sum(), log_p.device, of)
    return torch.where(known, entropy, torch.zeros_like(entropy)).sum() / average_factor
