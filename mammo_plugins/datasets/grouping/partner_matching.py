"""Which image of one kind belongs to which of another, where each has at most one partner."""

from __future__ import annotations

from collections.abc import Sequence

from ..annotated_image import AnnotatedImage
from .case_group import AMBIGUOUS, MISSING, Match


def match_partners(
    first: Sequence[AnnotatedImage], second: Sequence[AnnotatedImage], kinds: tuple[str, str]
) -> list[Match]:
    """Pairs one image of each kind; what finds no partner is alone.

    One of each are partners. Of several, those are that were exposed nearest to each other, where all their times are
    known and no other pair is as near; else nothing says which belong together, and each stays alone as ambiguous.

    Args:
        first, second: the images of the two kinds, of one patient, study and view or projection.
        kinds: what they are called.
    """
    if not first or not second:
        lacking = kinds[0] if not first else kinds[1]
        return [_alone(image, f'no {lacking} image beside {image.record.view_name}') for image in (*first, *second)]
    if len(first) == len(second) == 1:
        return [Match((first[0], second[0]))]
    pairs = _nearest_pairs(first, second)
    if pairs is None:
        counts = f'{len(first)} {kinds[0]} and {len(second)} {kinds[1]} images'
        reason = f'{counts}, and their acquisition times do not tell which belong together'
        return [Match((image,), AMBIGUOUS, reason) for image in (*first, *second)]
    paired = {image.record.id for pair in pairs for image in pair}
    rest = [image for image in (*first, *second) if image.record.id not in paired]
    reason = 'the partners of {} are nearer in time to other images'
    return [Match(pair) for pair in pairs] + [_alone(image, reason.format(image.record.view_name)) for image in rest]


def _nearest_pairs(
    first: Sequence[AnnotatedImage], second: Sequence[AnnotatedImage]
) -> list[tuple[AnnotatedImage, AnnotatedImage]] | None:
    """Pairs by growing distance in time; None where a time is unknown, or pairs that exclude each other are equal."""
    times = [image.record.acquisition_time_s for image in (*first, *second)]
    if None in times:
        return None
    left = [(abs(a.record.acquisition_time_s - b.record.acquisition_time_s), a, b) for a in first for b in second]
    pairs = []
    while left:
        distance, one, other = min(left, key=lambda candidate: candidate[0])
        if any(rival == distance and (a is one) != (b is other) for rival, a, b in left):
            return None
        pairs.append((one, other))
        left = [candidate for candidate in left if candidate[1] is not one and candidate[2] is not other]
    return pairs


def _alone(image: AnnotatedImage, reason: str) -> Match:
    return Match((image,), MISSING, reason)
