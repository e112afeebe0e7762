"""Which findings of two views of a breast are the same lesion, given how far apart they are."""

from __future__ import annotations

import numpy as np


def pair_lesions(distances: np.ndarray, limit: float) -> list[tuple[int, int]]:
    """Pairs of findings, the closest first; each finding is in one pair at most.

    Of equal distances the pair of the earlier finding of the first view comes first, then of the second.

    Args:
        distances: (n, m) between the findings of two views; infinite or NaN where they cannot be one lesion.
        limit: pairs are closer than this.
    """
    distances = np.where(np.isnan(distances), np.inf, np.asarray(distances, dtype=np.float64))
    first, second = np.nonzero(distances < limit)
    order = np.argsort(distances[first, second], kind='stable')
    pairs: list[tuple[int, int]] = []
    used: tuple[set[int], set[int]] = (set(), set())
    for i, j in zip(first[order].tolist(), second[order].tolist(), strict=True):
        if i not in used[0] and j not in used[1]:
            pairs.append((i, j))
            used[0].add(i)
            used[1].add(j)
    return pairs
