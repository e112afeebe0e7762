"""Noisy-or pooling of proposal malignancy, computed on logits in log space."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from .precision import at_least_float32


def log_not_noisy_or(logits: Tensor, dim: int = -1) -> Tensor:
    """Log of the probability that no proposal is malignant, ``sum log(1 - p)``.

    Args:
        logits: malignancy logits of proposals.
        dim: the dimension that holds the proposals.
    """
    return F.logsigmoid(-at_least_float32(logits)).sum(dim=dim)


def log_noisy_or(logits: Tensor, dim: int = -1) -> Tensor:
    """Log of ``1 - prod(1 - p)``, finite and with finite gradient for p near 0 and near 1.

    Source: M&M-3D, section 2 (image score by noisy-or of the proposals' malignancy scores).
    """
    return log1mexp(log_not_noisy_or(logits, dim))


def log1mexp(log_p: Tensor) -> Tensor:
    """``log(1 - exp(log_p))`` for log probabilities ``log_p <= 0``.

    Uses ``log(-expm1(x))`` near 0 and ``log1p(-exp(x))`` elsewhere, each where it is accurate (Maechler 2012).
    Probability 1 (``log_p == 0``) is held at the smallest positive number, so the result stays finite.
    """
    log_p = log_p.clamp(max=-torch.finfo(log_p.dtype).tiny)
    near_zero = log_p > -math.log(2)
    # The branch not taken gets a harmless input, or its gradient would be NaN times zero.
    small = torch.where(near_zero, log_p, -torch.ones_like(log_p))
    large = torch.where(near_zero, -torch.ones_like(log_p), log_p)
    return torch.where(near_zero, torch.log(-torch.expm1(small)), torch.log1p(-torch.exp(large)))
