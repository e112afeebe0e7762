"""Which image of one kind belongs to which of another, where each has at most one partner."""

from __future__ import annotations

from collections.abc import Sequence

from mammo_plugins.structures.view_partners import pair_by_time

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
    leading = {image.record.id for image in first}

    def alone(image: AnnotatedImage, status: str, reason: str) -> Match:
        return Match((image,), status, reason, leads=image.record.id in leading)

    if not first or not second:
        lacking = kinds[0] if not first else kinds[1]
        return [
            alone(image, MISSING, f'no {lacking} image beside {image.record.view_name}') for image in (*first, *second)
        ]
    positions = pair_by_time([image.record for image in first], [image.record for image in second])
    if positions is None:
        counts = f'{len(first)} {kinds[0]} and {len(second)} {kinds[1]} images'
        reason = f'{counts}, and their acquisition times do not tell which belong together'
        return [alone(image, AMBIGUOUS, reason) for image in (*first, *second)]
    pairs = [(first[i], second[j]) for i, j in positions]
    paired = {image.record.id for pair in pairs for image in pair}
    rest = [image for image in (*first, *second) if image.record.id not in paired]
    reason = 'the partners of {} are nearer in time to other images'
    return [
        *(Match(pair) for pair in pairs),
        *(alone(image, MISSING, reason.format(image.record.view_name)) for image in rest),
    ]
