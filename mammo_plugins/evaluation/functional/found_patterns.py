"""Who of several models found what: counts of patterns.

Glossary: K things to be found (lesions, or images), M models. A pattern says for each model whether it found a thing.

Source: SM/FFDM fusion, sections 3 and 6.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import product

import numpy as np

Pattern = tuple[bool, ...]


def all_patterns(models: int) -> list[Pattern]:
    """The 2^M patterns, from found by all to found by none; of equally many finders the first models come first."""
    return sorted(product((True, False), repeat=models), key=lambda pattern: -sum(pattern))


def count_patterns(found: np.ndarray) -> dict[Pattern, int]:
    """How many things have each of the 2^M patterns; the counts add up to K.

    Args:
        found: (K, M) bool.
    """
    counts = Counter(map(tuple, found.tolist()))
    return {pattern: counts[pattern] for pattern in all_patterns(found.shape[1])}


def count_missed(found: np.ndarray, models: Sequence[int], finder: int | None = None) -> int:
    """How many things all of some models missed, and another one found.

    Args:
        found: (K, M) bool.
        models: columns of the models that missed them.
        finder: column of the model that found them; None for whatever the others did.
    """
    missed = ~found[:, list(models)].any(axis=1)
    return int((missed if finder is None else missed & found[:, finder]).sum())
