"""Which images make a case: the views of one breast, in pairs of one craniocaudal and one oblique view."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from mammo_plugins.structures import ViewPosition

from .annotated_image import AnnotatedImage


@dataclass(frozen=True)
class CaseGroup:
    """One or two images that are read together.

    Attributes:
        case_id: ``patient/study/side``; with ``/modality`` where the images are of several; with ``#2``, ``#3``, ...
            for the further cases of a breast that has more than two images.
        images: the craniocaudal view before the oblique one.
        breast: every image of the breast in this modality, those in other cases too. A breast's labels come from all.
    """

    case_id: str
    images: tuple[AnnotatedImage, ...]
    breast: tuple[AnnotatedImage, ...]


def group_cases(images: Sequence[AnnotatedImage], single_views: bool = False) -> list[CaseGroup]:
    """Puts every image in exactly one case, in the order in which breasts first appear.

    A breast is (patient, study, side, modality). Its craniocaudal views and its other views are each sorted, standard
    projection (CC, MLO) first, then by name, and paired in that order; what finds no partner is a case of its own.

    Args:
        images: what to group.
        single_views: make each image a case, and a breast, of its own.
    """
    several_modalities = len({image.record.modality for image in images}) > 1
    breasts: dict[tuple[str, ...], list[AnnotatedImage]] = defaultdict(list)
    for image in images:
        key = (*image.record.breast_id, image.record.modality)
        breasts[key].append(image)
    cases = []
    uses: Counter[str] = Counter()
    for (*breast_id, modality), members in breasts.items():
        name = '/'.join([*breast_id, modality] if several_modalities else breast_id)
        for pair in ((image,) for image in members) if single_views else pair_views(members):
            uses[name] += 1
            case_id = name if uses[name] == 1 else f'{name}#{uses[name]}'
            cases.append(CaseGroup(case_id, pair, pair if single_views else tuple(members)))
    return cases


def pair_views(images: Iterable[AnnotatedImage]) -> list[tuple[AnnotatedImage, ...]]:
    """Pairs the craniocaudal with the other views of one breast; the last ones may stay alone."""
    ordered = sorted(images, key=_view_order)
    craniocaudal = [image for image in ordered if image.record.view_key.position.is_craniocaudal]
    oblique = [image for image in ordered if not image.record.view_key.position.is_craniocaudal]
    return [tuple(filter(None, pair)) for pair in zip_longest(craniocaudal, oblique)]


def _view_order(image: AnnotatedImage) -> tuple[bool, str]:
    is_standard = image.record.view_key.position in (ViewPosition.CC, ViewPosition.MLO)
    return (not is_standard, image.record.view_name)
