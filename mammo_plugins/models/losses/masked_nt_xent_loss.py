"""The normalised, temperature-scaled cross entropy of contrastive learning, for any choice of pairs.

Glossary: A anchors, M others, D size of an embedding, s cosine similarity, t temperature.
"""

from __future__ import annotations

import torch
from mmdet.registry import MODELS
from torch import Tensor, nn
from torch.nn import functional as F

from ..layers.precision import at_least_float32, without_autocast


@MODELS.register_module()
class MaskedNTXentLoss(nn.Module):
    """Mean over all (anchor, positive) pairs of ``-log(e^(s+/t) / (e^(s+/t) + sum of e^(s-/t)))``.

    The sum goes over the anchor's negatives. Its other positives, and pairs that are neither, are in no denominator.
    A pair whose anchor has no negative costs 0 and counts in the mean. Without any positive pair the loss is 0, with
    gradients of 0.

    Source: MSVCL v2 (Li et al.), equation 1, which is NT-Xent of SimCLR (Chen et al. 2020) where all pairs but the
    anchor with itself are positive or negative and there is one positive. The paper does not say how several
    positives share a denominator; this is the usual form.

    Args:
        temperature: t, above 0.
        loss_weight: factor of the loss.

    Raises:
        ValueError: the temperature is not positive.
    """

    def __init__(self, temperature: float = 0.1, loss_weight: float = 1.0) -> None:
        super().__init__()
        if temperature <= 0:
            raise ValueError(f'temperature must be positive, got {temperature}')
        self.temperature, self.loss_weight = temperature, loss_weight

    def forward(self, embeddings: Tensor, positives: Tensor, negatives: Tensor, others: Tensor | None = None) -> Tensor:
        """The loss, a float32 scalar.

        Args:
            embeddings: (A, D) of the anchors, of any length; they are normalised here.
            positives: (A, M) bool, pairs to pull together.
            negatives: (A, M) bool, pairs to push apart; a pair that is in neither mask is ignored.
            others: (M, D) what the anchors are compared with; the anchors themselves where None.

        Raises:
            ValueError: the masks do not fit the embeddings, or a pair is both.
        """
        others = embeddings if others is None else others
        wanted = (len(embeddings), len(others))
        for name, mask in (('positives', positives), ('negatives', negatives)):
            if mask.shape != wanted or mask.dtype != torch.bool:
                raise ValueError(f'{name} must be bool of shape {wanted}, got {mask.dtype} of {tuple(mask.shape)}')
        if (positives & negatives).any():
            raise ValueError(f'{int((positives & negatives).sum())} pairs are both positive and negative')
        with without_autocast(embeddings):
            anchors, others = (F.normalize(at_least_float32(vectors), dim=1) for vectors in (embeddings, others))
            logits = anchors @ others.T / self.temperature
        if not positives.any():
            return logits.sum() * 0.0
        # Anchors without negatives leave before the logarithm: theirs would be of 0, with a gradient that is no number.
        used = negatives.any(dim=1)
        pushed = logits[used].masked_fill(~negatives[used], -torch.inf).logsumexp(dim=1, keepdim=True)
        costs = F.softplus(pushed - logits[used])[positives[used]]
        return self.loss_weight * (costs.sum() + logits.sum() * 0.0) / positives.sum()
