"""Losses of DisAsymNet, each the mean over what is known in the batches of all processes.

Glossary: B pairs, 2 sides, H x W images with intensities in [0, 1].
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from .average_factor import mean_where


def pair_classification_loss(
    side_logits: Tensor, pair_logits: Tensor | None, side_labels: Tensor, pair_labels: Tensor
) -> Tensor:
    """Binary cross entropy of the asymmetry of pairs plus that of the abnormality of sides.

    Source: DisAsymNet, section 2.1, L_cls.

    Args:
        side_logits, pair_logits: (B, 2) and (B,); None where pairs are not classified.
        side_labels, pair_labels: (B, 2) and (B,), 0, 1, or NaN where unknown.
    """
    of_sides = known_cross_entropy(side_logits, side_labels)
    return of_sides if pair_logits is None else known_cross_entropy(pair_logits, pair_labels) + of_sides


def guided_reconstruction_loss(
    images: Tensor, normal: Tensor, abnormal: Tensor, masks: Tensor, known: Tensor
) -> Tensor:
    """L1 of the normal image outside of the mask, plus L1 of the abnormal image against what the mask shows.

    Where the mask is 0, the abnormal image is to be 0.

    Source: DisAsymNet, section 2.2, L_rec.

    Args:
        images, normal, abnormal, masks: (B, 2, H, W); masks are detached here.
        known: (B, 2) bool, sides with a known label. Without one there is no mask.
    """
    masks = masks.detach()
    outside, inside = (1 - masks) * (images - normal), masks * images - abnormal
    per_side = outside.abs().mean(dim=(-2, -1)) + inside.abs().mean(dim=(-2, -1))
    return mean_where(per_side, known)


def synthesis_loss(real: Tensor, normal: Tensor) -> Tensor:
    """L1 between a normal image and what is left of it after tumours were put in and taken out.

    Source: DisAsymNet, section 2.3, L_syn.

    Args:
        real: (n, 2, H, W) images before the synthesis; n may be 0.
        normal: (n, 2, H, W) normal images from those after it.
    """
    per_side = (real - normal).abs().mean(dim=(-2, -1)) if len(real) else (real - normal).sum(dim=(-2, -1))
    return mean_where(per_side, torch.ones_like(per_side, dtype=torch.bool))


def known_cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Binary cross entropy where labels are known (not NaN)."""
    known = ~labels.isnan()
    losses = F.binary_cross_entropy_with_logits(logits, labels.nan_to_num(0.0), reduction='none')
    return mean_where(losses, known)
