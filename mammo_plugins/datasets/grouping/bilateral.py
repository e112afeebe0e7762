"""``bilateral``: the right and the left breast in one projection and modality."""

from __future__ import annotations

from collections.abc import Sequence

from mammo_plugins.structures import Laterality

from ..annotated_image import AnnotatedImage
from .case_group import Match, Unit
from .partner_matching import match_partners


def name_projection(image: AnnotatedImage) -> Unit:
    """Patient, study, projection and modality."""
    record = image.record
    place = (record.patient_id, record.study_uid, record.view_key.position.value)
    return Unit('/'.join(place), (*place, record.modality))


def match_sides(images: Sequence[AnnotatedImage]) -> list[Match]:
    """Pairs the right with the left breast."""
    right, left = (
        [image for image in images if image.record.view_key.laterality is side]
        for side in (Laterality.RIGHT, Laterality.LEFT)
    )
    return match_partners(right, left, ('right', 'left'))
