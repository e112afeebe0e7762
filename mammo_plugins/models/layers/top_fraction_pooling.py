"""Top t % pooling: the mean of the largest values of a saliency map."""

from __future__ import annotations

from torch import Tensor


def pool_top_fraction(saliency: Tensor, fraction: float) -> Tensor:
    """(..., C) mean of the largest values of each map.

    ``round(fraction * positions)`` values are taken, one at least. 1 is global average pooling.

    Source: GLAM (Liu et al. 2021), appendix B; GMIC (Shen et al. 2021).

    Args:
        saliency: (..., C, h, w).
        fraction: t, above 0 and at most 1.
    """
    values = saliency.flatten(-2)
    count = max(1, round(fraction * values.shape[-1]))
    if count == values.shape[-1]:
        return values.mean(dim=-1)
    return values.topk(count, dim=-1, sorted=False).values.mean(dim=-1)


def check_fraction(fraction: float) -> float:
    """The fraction itself.

    Raises:
        ValueError: it is not above 0 and at most 1.
    """
    if not 0 < fraction <= 1:
        raise ValueError(f'pool_fraction is above 0 and at most 1 (3 % is 0.03), got {fraction}')
    return fraction
