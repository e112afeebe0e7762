"""How like two feature pyramids are, as a loss.

Glossary: L levels, N images, C channels.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmdet.registry import MODELS
from torch import Tensor, nn

MEASURES = ('cosine', 'pearson')


@MODELS.register_module()
class FeatureSimilarityLoss(nn.Module):
    """Minus the mean similarity of two feature pyramids; each level counts alike.

    ``cosine`` compares the vectors of C channels at each position, with the product of their norms held above ``eps``.
    ``pearson`` correlates each channel over all positions of the batch, and does not see its mean and scale.

    Source: SM/FFDM fusion (Sharma et al. 2024), section 4, L_sim, to be minimised as minus the similarity; PKD (Cao et
    al. 2022), equation 5, for ``pearson``.

    Args:
        measure: ``cosine`` or ``pearson``.
        eps: least product of two norms.
        loss_weight: factor of the loss.

    Raises:
        ValueError: no such measure.
    """

    def __init__(self, measure: str = 'cosine', eps: float = 1e-8, loss_weight: float = 1.0) -> None:
        super().__init__()
        if measure not in MEASURES:
            raise ValueError(f'measure is one of {", ".join(MEASURES)}, got {measure!r}')
        self.measure, self.eps, self.loss_weight = measure, eps, loss_weight

    def forward(
        self, mimic: Sequence[Tensor], target: Sequence[Tensor], weights: Sequence[Tensor] | None = None
    ) -> Tensor:
        """The loss, a scalar.

        Args:
            mimic: L levels (N, C, H_l, W_l), which learn.
            target: as many, which do not.
            weights: L maps (N, 1, H_l, W_l), not negative, of how much each position counts; alike where None.
        """
        similarity = self._cosine if self.measure == 'cosine' else self._pearson
        weights = weights or [torch.ones_like(level[:, :1]) for level in mimic]
        levels = [
            similarity(own.float(), other.detach().float(), weight.float())
            for own, other, weight in zip(mimic, target, weights, strict=True)
        ]
        return -self.loss_weight * torch.stack(levels).mean()

    def _cosine(self, own: Tensor, other: Tensor, weight: Tensor) -> Tensor:
        norms = torch.linalg.vector_norm(own, dim=1) * torch.linalg.vector_norm(other, dim=1)
        cosine = (own * other).sum(dim=1) / norms.clamp(min=self.eps)
        return (cosine * weight[:, 0]).sum() / weight.sum()

    def _pearson(self, own: Tensor, other: Tensor, weight: Tensor) -> Tensor:
        over = (0, 2, 3)
        share = weight / weight.sum()
        own, other = (x - (share * x).sum(over, keepdim=True) for x in (own, other))
        variances = [(share * x.square()).sum(over) for x in (own, other)]
        norms = (variances[0] * variances[1]).clamp(min=self.eps**2).sqrt()
        return ((share * own * other).sum(over) / norms).mean()
