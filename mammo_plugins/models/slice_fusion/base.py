"""The contract between a detection head and the module that fuses its slices."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import NamedTuple

import torch
from mmengine.model import BaseModule
from torch import Tensor

from ..layers import PooledBoxes


class FusedSlices(NamedTuple):
    """One feature a proposal, and what each slice had to say in it.

    Attributes:
        features: (P, D) 3-D object features.
        log_weights: (P, S) log of the finding-slice scores; their exponentials sum to 1 over the slices.
        positions: (P,) position in [0, 1] along the volume where the fusion regresses it, and no gradient flows into
            ``log_weights``; None otherwise.
    """

    features: Tensor
    log_weights: Tensor
    positions: Tensor | None = None


class SliceFusion(BaseModule):
    """Turns a proposal and its RoI features on S slices into one object feature.

    The head lends its own modules, so that a fusion needs parameters only for what the head cannot do.
    """

    @abstractmethod
    def forward(
        self,
        proposal_feats: Tensor,
        roi_feats: Tensor | PooledBoxes,
        interact: Callable[[Tensor, Tensor | PooledBoxes], Tensor],
        malignancy_logits: Callable[[Tensor], Tensor],
    ) -> FusedSlices:
        """Fuses slices.

        Args:
            proposal_feats: (P, D) proposal features after self- and cross-view attention.
            roi_feats: (P, S, D, k, k) RoI features.
            interact: the head's path from (P, D) and (P, S', D, k, k) to (P, S', D) object features (Eq. 5).
            malignancy_logits: the head's classifier, (..., D) to the logit of malignancy (...), never in half
                precision.
        """


class ObjectFeatureFusion(SliceFusion):
    """A fusion that starts from the object feature of each slice, as the head's interaction gives it."""

    def forward(
        self,
        proposal_feats: Tensor,
        roi_feats: Tensor | PooledBoxes,
        interact: Callable[[Tensor, Tensor | PooledBoxes], Tensor],
        malignancy_logits: Callable[[Tensor], Tensor],
    ) -> FusedSlices:
        """Lets the proposals interact with each slice (Eq. 5), then fuses; see :meth:`SliceFusion.forward`."""
        return self.fuse(interact(proposal_feats, roi_feats), malignancy_logits)

    @abstractmethod
    def fuse(self, slice_feats: Tensor, malignancy_logits: Callable[[Tensor], Tensor]) -> FusedSlices:
        """Fuses object features.

        Args:
            slice_feats: (P, S, D).
            malignancy_logits: the head's classifier, (..., D) to (...).
        """


def log_of_attention(weights: Tensor) -> Tensor:
    """Log of attention weights in float32, finite where a weight has underflowed to 0."""
    return weights.float().clamp_min(torch.finfo(torch.float32).tiny).log()
