"""Counts of who found what, by the names of the models.

Glossary: K things to be found, M models.

Source: SM/FFDM fusion, section 6.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from .functional import all_patterns, count_missed


def summarise_found(names: Sequence[str], found: np.ndarray, groups: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """The counts of section 6 for any models.

    Args:
        names: of the M models.
        found: (K, M) bool.
        groups: name of a grouping to the group of each of the K things, such as ``{'type': ['mass', ...]}``.

    Returns:
        ``total``, ``found`` and ``missed`` by model, ``patterns``, ``missed_by_all_of`` for each two models and more,
        and ``found_of_missed``: what a model found of that which others missed.
    """
    columns = range(len(names))
    several = [subset for size in range(2, len(names) + 1) for subset in combinations(columns, size)]
    return {
        'total': len(found),
        'found': dict(zip(names, found.sum(axis=0).tolist())),
        'missed': dict(zip(names, (~found).sum(axis=0).tolist())),
        'patterns': summarise_patterns(names, found, groups),
        'missed_by_all_of': [
            {'models': [names[i] for i in subset], 'count': count_missed(found, subset)} for subset in several
        ],
        'found_of_missed': [
            {
                'found_by': names[finder],
                'missed_by': [names[i] for i in subset],
                'count': count_missed(found, subset, finder),
            }
            for finder in columns
            for size in range(1, len(names))
            for subset in combinations([i for i in columns if i != finder], size)
        ],
    }


def summarise_patterns(
    names: Sequence[str], found: np.ndarray, groups: Mapping[str, Sequence[str]]
) -> list[dict[str, Any]]:
    """Who found what: each of the 2^M patterns with its count, and that of each group as ``by_<grouping>``.

    Args:
        names, found, groups: as for :func:`summarise_found`.
    """
    rows = [tuple(row) for row in found.tolist()]
    counted = Counter(rows)
    return [
        {
            **split_names(names, pattern),
            'count': counted[pattern],
            **{f'by_{by}': _count_groups(of, [row == pattern for row in rows]) for by, of in groups.items()},
        }
        for pattern in all_patterns(len(names))
    ]


def split_names(names: Sequence[str], row: Sequence[bool]) -> dict[str, list[str]]:
    """The models of a pattern: ``found_by`` and ``missed_by``."""
    return {
        'found_by': [name for name, found in zip(names, row) if found],
        'missed_by': [name for name, found in zip(names, row) if not found],
    }


def _count_groups(groups: Sequence[str], chosen: Sequence[bool]) -> dict[str, int]:
    return dict(sorted(Counter(group for group, is_chosen in zip(groups, chosen) if is_chosen).items()))
