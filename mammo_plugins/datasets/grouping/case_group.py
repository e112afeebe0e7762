"""The images of one case, and whether they are all that belongs to it."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from ..annotated_image import AnnotatedImage

COMPLETE, MISSING, AMBIGUOUS = 'complete', 'missing', 'ambiguous'


@dataclass(frozen=True)
class CaseGroup:
    """Images that are read together.

    Attributes:
        case_id: ``patient/study/`` and what the images share: the side, the view or the projection; with ``/modality``
            where the images are of several and cases of one; with ``#2``, ``#3``, ... for further cases of it.
        images: in the order of the grouping.
        members: every image of the same breast, view or projection, those in other cases too. A case's labels come
            from all of them.
        group_by: the grouping.
        status: ``complete``; ``missing`` where a partner is; ``ambiguous`` where several could be it.
        reason: of a case that is not complete.
        leads: whether its first image is of the kind that stands first in the grouping; false for a partner alone.
    """

    case_id: str
    images: tuple[AnnotatedImage, ...]
    members: tuple[AnnotatedImage, ...]
    group_by: str = 'breast'
    status: str = COMPLETE
    reason: str = ''
    leads: bool = True


@dataclass(frozen=True)
class Unit:
    """What a case is made of one of: all images of a breast, of a view, or of a projection.

    Attributes:
        name: of its cases, see ``CaseGroup.case_id``.
        key: equal for images of the same unit.
    """

    name: str
    key: Hashable


@dataclass(frozen=True)
class Match:
    """Images of a unit that a grouping puts into one case; see :class:`CaseGroup`."""

    images: tuple[AnnotatedImage, ...]
    status: str = COMPLETE
    reason: str = ''
    leads: bool = True
