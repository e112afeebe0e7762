"""Which findings of one breast are the same lesion in two views, where a release does not say so.

DDSM numbers abnormalities image by image. In CBIS-DDSM, breasts whose several abnormalities can be told apart by their
descriptions carry the same number for the same one in 10 of 18 cases only (P_00419 is one of the others: a malignant
and a benign mass change places between CC and MLO). So numbers are no link, and a wrong link is worse than none:
findings are linked where there is nothing to mix up, or where their descriptions are unique.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class SeenLesion:
    """One finding in one view of a breast.

    Attributes:
        view: such as ``L-CC``.
        kind: ``mass`` or ``calcification``: never linked with one another.
        category: ``malignant`` or ``benign``: the same for one lesion.
        description: what a radiologist wrote about it, for telling several apart.
    """

    view: str
    kind: str
    category: str
    description: Hashable


def link_lesions(seen: Sequence[SeenLesion]) -> list[int | None]:
    """Numbers the lesions of a breast that are seen in two views.

    A pair is linked where each of two views shows one finding of its kind, of the same category; and, where a view
    shows several, where both have the same category and description and no third one of their views has it.

    Args:
        seen: findings of one breast.

    Returns:
        For each the number of its lesion from 1, or None where it has no partner or more than one might be it.
    """
    by_kind: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for index, lesion in enumerate(seen):
        by_kind[lesion.kind][lesion.view].append(index)
    numbers: list[int | None] = [None] * len(seen)
    pairs = [pair for views in by_kind.values() if len(views) == 2 for pair in _pair(seen, *views.values())]
    for number, pair in enumerate(sorted(pairs), start=1):
        for index in pair:
            numbers[index] = number
    return numbers


def _pair(seen: Sequence[SeenLesion], first: list[int], second: list[int]) -> list[tuple[int, int]]:
    if len(first) == len(second) == 1:
        same = seen[first[0]].category == seen[second[0]].category
        return [(first[0], second[0])] if same else []
    one, other = _unique(seen, first), _unique(seen, second)
    return [(one[described], other[described]) for described in one if described in other]


def _unique(seen: Sequence[SeenLesion], indices: list[int]) -> dict[Hashable, int]:
    """Indices by category and description, without those that several share."""
    described = [(seen[index].category, seen[index].description) for index in indices]
    counts = Counter(described)
    return {value: index for value, index in zip(described, indices, strict=True) if counts[value] == 1}
