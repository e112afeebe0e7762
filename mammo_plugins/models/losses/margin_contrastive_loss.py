"""The margin contrastive loss of pairs."""

from __future__ import annotations

from mmdet.registry import MODELS
from mmdet.utils import reduce_mean
from torch import Tensor, nn

_LEAST_SQUARE = 1e-24  # below it the root has no usable gradient
_LEAST_PAIRS = 1e-3  # less than one pair a process is with 1000 processes; without any, 0 is divided by it


def pair_distances(first: Tensor, second: Tensor) -> Tensor:
    """(K,) Euclidean distances of K pairs of vectors (K, C)."""
    return (first - second).square().sum(dim=1).clamp(min=_LEAST_SQUARE).sqrt()


@MODELS.register_module()
class MarginContrastiveLoss(nn.Module):
    """Half of the mean of D^2 over pairs that belong together and of max(m - D, 0)^2 over the others.

    The mean is over the pairs of all processes, each of which must call it, with or without pairs of its own: their
    averaged gradients are those of all pairs in one process.

    Source: MSVCL v2 (Li et al. 2023), section III C 2, equation 3.

    Args:
        margin: m, the distance that pairs that do not belong together shall have at least.
        loss_weight: factor of the loss.

    Raises:
        ValueError: the margin is not positive.
    """

    def __init__(self, margin: float = 10.0, loss_weight: float = 1.0) -> None:
        super().__init__()
        if margin <= 0:
            raise ValueError(f'margin must be positive, got {margin}')
        self.margin, self.loss_weight = margin, loss_weight

    def forward(self, first: Tensor, second: Tensor, matched: Tensor) -> Tensor:
        """The loss, a scalar; 0 where there is no pair. The processes' losses have the loss of all pairs as their mean.

        Args:
            first, second: (K, C) embeddings.
            matched: (K,) Y, 1 where the two belong together, 0 where not.
        """
        matched = matched.to(first.dtype)
        together = (first - second).square().sum(dim=1)
        apart = (self.margin - pair_distances(first, second)).clamp(min=0).square()
        terms = matched * together + (1 - matched) * apart
        pairs = reduce_mean(terms.new_tensor(float(len(terms))))
        return self.loss_weight * terms.sum() / (2 * pairs.clamp(min=_LEAST_PAIRS))
