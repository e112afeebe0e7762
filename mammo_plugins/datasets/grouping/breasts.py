"""``breast``: the views of one breast in one modality, in pairs of one craniocaudal and one oblique view."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import zip_longest

from mammo_plugins.structures import ViewPosition

from ..annotated_image import AnnotatedImage
from .case_group import MISSING, Match, Unit


def name_breast(image: AnnotatedImage) -> Unit:
    """Patient, study, side and modality."""
    breast_id = image.record.breast_id
    return Unit('/'.join(breast_id), (*breast_id, image.record.modality))


def match_views(images: Sequence[AnnotatedImage]) -> list[Match]:
    """Pairs the craniocaudal with the other views of a breast, standard projections first, then by name."""
    pairs = pair_views(images)
    return [Match(pair) if len(pair) == 2 else _alone(pair[0], is_rest=len(pairs) > 1) for pair in pairs]


def _alone(image: AnnotatedImage, is_rest: bool) -> Match:
    lacking = 'oblique or lateral' if image.record.view_key.position.is_craniocaudal else 'craniocaudal'
    further = 'further ' if is_rest else ''
    reason = f'no {further}{lacking} view beside {image.record.view_name}'
    return Match((image,), MISSING, reason, leads=image.record.view_key.position.is_craniocaudal)


def pair_views(images: Iterable[AnnotatedImage]) -> list[tuple[AnnotatedImage, ...]]:
    """Pairs the craniocaudal with the other views of one breast; the last ones may stay alone."""
    ordered = sorted(images, key=_view_order)
    craniocaudal = [image for image in ordered if image.record.view_key.position.is_craniocaudal]
    oblique = [image for image in ordered if not image.record.view_key.position.is_craniocaudal]
    return [tuple(filter(None, pair)) for pair in zip_longest(craniocaudal, oblique)]


def _view_order(image: AnnotatedImage) -> tuple[bool, str]:
    is_standard = image.record.view_key.position in (ViewPosition.CC, ViewPosition.MLO)
    return (not is_standard, image.record.view_name)
