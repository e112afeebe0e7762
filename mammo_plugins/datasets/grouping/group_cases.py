"""The one function that puts images into cases."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import NamedTuple

from ..annotated_image import AnnotatedImage
from .bilateral import match_sides, name_projection
from .breasts import match_views, name_breast
from .case_group import MISSING, CaseGroup, Match, Unit
from .modalities import match_modalities, name_view
from .single_images import match_nothing


class _Grouping(NamedTuple):
    """One way of grouping.

    Attributes:
        unit: what an image is part of.
        match: the images of a unit, as cases.
        joins_modalities: whether a case joins modalities, so that no case is named after one.
    """

    unit: Callable[[AnnotatedImage], Unit]
    match: Callable[[Sequence[AnnotatedImage]], list[Match]]
    joins_modalities: bool = False


_GROUPINGS = {
    'image': _Grouping(name_breast, match_nothing),
    'breast': _Grouping(name_breast, match_views),
    'modalities': _Grouping(name_view, match_modalities, joins_modalities=True),
    'bilateral': _Grouping(name_projection, match_sides),
}
GROUP_BY = tuple(_GROUPINGS)


def group_cases(
    images: Sequence[AnnotatedImage], group_by: str = 'breast', unreadable: Iterable[AnnotatedImage] = ()
) -> list[CaseGroup]:
    """Puts every image in exactly one case, in the order in which breasts, views or projections first appear.

    | group_by | images of a case, in order | the same of them is |
    |---|---|---|
    | ``image`` | one | all |
    | ``breast`` | craniocaudal, oblique | patient, study, side, modality |
    | ``modalities`` | SM, FFDM | patient, study, side, projection |
    | ``bilateral`` | right, left | patient, study, projection, modality |

    Args:
        images: what to group.
        group_by: one of ``image``, ``breast``, ``modalities``, ``bilateral``.
        unreadable: images that would be of the cases, and cannot be loaded; named where a partner is missing.

    Raises:
        ValueError: the grouping is unknown, or cannot hold an image's modality.
    """
    if group_by not in _GROUPINGS:
        raise ValueError(f'unknown group_by {group_by!r}: expected one of {", ".join(GROUP_BY)}')
    grouping = _GROUPINGS[group_by]
    names_modality = not grouping.joins_modalities and len({image.record.modality for image in images}) > 1
    units: dict[Unit, list[AnnotatedImage]] = defaultdict(list)
    for image in images:
        units[grouping.unit(image)].append(image)
    lost: dict[Hashable, list[str]] = defaultdict(list)
    for image in unreadable:
        lost[grouping.unit(image).key].append(image.path.name)
    cases = []
    uses: Counter[str] = Counter()
    for unit, members in units.items():
        name = f'{unit.name}/{members[0].record.modality}' if names_modality else unit.name
        for match in grouping.match(members):
            uses[name] += 1
            case_id = name if uses[name] == 1 else f'{name}#{uses[name]}'
            labelled = match.images if group_by == 'image' else tuple(members)
            reason = match.reason
            if match.status == MISSING and unit.key in lost:
                reason += f'; cannot be loaded: {", ".join(lost[unit.key])}'
            cases.append(CaseGroup(case_id, match.images, labelled, group_by, match.status, reason, match.leads))
    return cases
