"""How well findings of CC and MLO were matched."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

Hit = str | None
"""The lesion that a finding hits: None for none, empty for one without id."""


@dataclass(frozen=True)
class PairCounts:
    """Pairs of one breast or of many.

    Attributes:
        lesions: annotated in both views.
        detected: of these, with a finding that hits them in each view, matched or not.
        matched: of these, with a matched pair of findings, one in each view.
        false_pairs: matched pairs that are not one lesion.
        undecided: matched pairs of which the annotations do not tell.
    """

    lesions: int = 0
    detected: int = 0
    matched: int = 0
    false_pairs: int = 0
    undecided: int = 0

    def __add__(self, other: PairCounts) -> PairCounts:
        return PairCounts(*(own + added for own, added in zip(vars(self).values(), vars(other).values(), strict=True)))

    @property
    def recall(self) -> float:
        """Share of the lesions that were matched; NaN where there is none."""
        return self.matched / self.lesions if self.lesions else float('nan')

    @property
    def recall_of_detected(self) -> float:
        """The same of those that were detected in both views: what the matcher alone is worth."""
        return self.matched / self.detected if self.detected else float('nan')


def count_pairs(
    pairs: Sequence[tuple[Hit, Hit]], lesions: Collection[str], hits: tuple[Collection[Hit], Collection[Hit]]
) -> PairCounts:
    """Counts the matched pairs of a breast.

    A lesion that several pairs match counts once, and none of these pairs is false. Two findings that hit lesions of
    which one has no id may be one lesion or two: undecided.

    Args:
        pairs: what the two findings of each matched pair hit.
        lesions: ids that are annotated in both views.
        hits: what any finding of each view hits.
    """
    matched, false_pairs, undecided = set(), 0, 0
    for one, other in pairs:
        if one is None or other is None:
            false_pairs += 1
        elif not one or not other:
            undecided += 1
        elif one == other:
            matched.add(one)
        else:
            false_pairs += 1
    detected = set(hits[0]) & set(hits[1]) & set(lesions)
    return PairCounts(len(set(lesions)), len(detected), len(matched & set(lesions)), false_pairs, undecided)


def pair_accuracy(distances: np.ndarray, matched: np.ndarray, limit: float) -> dict[str, float]:
    """How many pairs a limit decides rightly: all, those that belong together, those that do not; NaN for none.

    Source: the accuracy of mass matching in MSVCL v2 (Li et al. 2023), which does not say how pairs were chosen; the
    shares of both kinds tell how far it hangs on that.

    Args:
        distances: (K,) of the embeddings of pairs.
        matched: (K,) 1 where they belong together, 0 where not.
        limit: pairs below it are taken to belong together.
    """
    distances, matched = np.asarray(distances, dtype=np.float64), np.asarray(matched).astype(bool)
    right = (distances < limit) == matched
    groups = {'accuracy': right, 'accuracy_matched': right[matched], 'accuracy_unmatched': right[~matched]}
    return {name: float(values.mean()) if len(values) else float('nan') for name, values in groups.items()}
