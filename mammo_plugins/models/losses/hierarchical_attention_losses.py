"""Losses that keep one attention map in another one, as HAM does.

Glossary: N images, h x w maps with values of 0 to 1.
"""

from __future__ import annotations

import torch
from torch import Tensor

STEEPNESS, MIDDLE = 100.0, 0.75
"""Of the sigmoid that makes an almost binary map here."""


def attention_bound_loss(inner: Tensor, outer: Tensor) -> Tensor:
    """(N,) the share of a map that lies outside of another one, whose border is where it falls below 0.75.

    Source: HAM (Ouyang et al. 2020) bounds the abnormality's map by the anomaly's; the formula is ours.

    Args:
        inner, outer: (N, h, w).
    """
    outside = (inner * (1 - steep_map(outer))).sum(dim=(1, 2))
    return outside / inner.sum(dim=(1, 2)).clamp(min=torch.finfo(inner.dtype).eps)


def attention_union_loss(union: Tensor, whole: Tensor) -> Tensor:
    """(N,) 1 less the overlap of two almost binary maps: twice what they share over what both hold.

    Source: HAM makes the union of all abnormalities' maps that of the anomaly; the formula is ours. With one
    abnormality its map is the union.

    Args:
        union, whole: (N, h, w).
    """
    one, other = steep_map(union), steep_map(whole)
    both = (one + other).sum(dim=(1, 2)).clamp(min=torch.finfo(one.dtype).eps)
    return 1 - 2 * (one * other).sum(dim=(1, 2)) / both


def steep_map(scaled: Tensor) -> Tensor:
    """``sigmoid(100 (x - 0.75))``."""
    return torch.sigmoid(STEEPNESS * (scaled - MIDDLE))
