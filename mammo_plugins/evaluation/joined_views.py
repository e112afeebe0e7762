"""One view as models of several modalities see it, and the lesions in it.

Models that read one modality share its images and findings. Models of several are compared on what all of them could
see: views that each of their modalities shows, and lesions that are annotated in each.

Glossary: a view is a projection of one breast in one study, a lesion what an annotation marks in a view.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mammo_plugins.structures.view_partners import pair_by_time, shown_view

from .detection_truth import is_target

if TYPE_CHECKING:
    from mammo_plugins.io import AnnotationSet, FindingRecord, ImageRecord


@dataclass(frozen=True)
class JoinedView:
    """A view in each of some modalities.

    Args:
        images: modality to image.
    """

    images: Mapping[str, ImageRecord]

    @property
    def first(self) -> ImageRecord:
        """The image of the first modality, which names the view."""
        return next(iter(self.images.values()))

    def label(self, name: str) -> str:
        """A label of the view, the first that an image of it has; ``unknown`` where none has."""
        values = [image.labels.get(name) for image in self.images.values()]
        return next((str(value) for value in values if value not in (None, '')), 'unknown')


@dataclass(frozen=True)
class JoinedLesion:
    """A lesion in a view.

    Args:
        view: position of its view.
        findings: modality to what marks it there, one finding or several.
    """

    view: int
    findings: Mapping[str, Sequence[FindingRecord]]

    @property
    def lesion_id(self) -> str | None:
        """What it is called, None for nothing."""
        return next((f.lesion_id for found in self.findings.values() for f in found if f.lesion_id is not None), None)

    @property
    def type(self) -> str:
        """``mass``, ``calcification``, ...; the first that a finding of it says, or ``unknown``."""
        types = [finding.attributes.get('type') for found in self.findings.values() for finding in found]
        return next((str(name) for name in types if name), 'unknown')


def join_views(annotations: AnnotationSet, modalities: Sequence[str]) -> tuple[list[JoinedView], dict[str, int]]:
    """The views that each of some modalities shows, in the order of the first modality's images.

    Of several images of a view in a modality, those are partners that were exposed nearest to each other.

    Args:
        annotations: the images.
        modalities: one or more, each once.

    Returns:
        The views, and reason to the number of images that are in none.
    """
    by_view: dict[tuple[str, str, str], dict[str, list[ImageRecord]]] = defaultdict(lambda: defaultdict(list))
    for image in annotations.images:
        if image.modality in modalities:
            by_view[shown_view(image)][image.modality].append(image)
    views: list[JoinedView] = []
    left_out: Counter[str] = Counter()
    for of_view in by_view.values():
        joined, reason = _join(of_view, modalities)
        views += joined
        unused = sum(map(len, of_view.values())) - len(joined) * len(modalities)
        if unused:
            left_out[reason] += unused
    order = {image.id: place for place, image in enumerate(annotations.images)}
    return sorted(views, key=lambda view: order[view.first.id]), dict(left_out)


def _join(of_view: Mapping[str, Sequence[ImageRecord]], modalities: Sequence[str]) -> tuple[list[JoinedView], str]:
    """Views made of the images of one view, and why others are in none."""
    first, *others = modalities
    lacking = [modality for modality in modalities if not of_view.get(modality)]
    if lacking:
        return [], f'images whose view has no {" or ".join(lacking)} image'
    partners: list[dict[int, ImageRecord]] = []
    for modality in others:
        pairs = pair_by_time(of_view[first], of_view[modality])
        if pairs is None:
            return [], 'images of views that are there several times, and whose times do not tell which belong together'
        partners.append({i: of_view[modality][j] for i, j in pairs})
    return [
        JoinedView({first: image, **{modality: of[i] for modality, of in zip(others, partners)}})
        for i, image in enumerate(of_view[first])
        if all(i in of for of in partners)
    ], 'images whose partners are nearer in time to other images'


def join_lesions(
    views: Sequence[JoinedView], annotations: AnnotationSet, targets: Sequence[str]
) -> tuple[list[JoinedLesion], dict[str, int]]:
    """The lesions that are annotated in each modality of their view.

    Findings with the same ``lesion_id`` mark the same lesion. Where a view has one lesion in each modality, these are
    the same unless their ids differ.

    Args:
        views: of :func:`join_views`.
        annotations: their findings.
        targets: categories or types of the findings that count.

    Returns:
        The lesions, and reason to the number of findings that mark none of them.
    """
    lesions: list[JoinedLesion] = []
    unlinked = 0
    for place, view in enumerate(views):
        marked = {
            modality: _by_lesion(annotations.findings_of(image.id), targets) for modality, image in view.images.items()
        }
        joined = [{modality: of[key] for (modality, of), key in zip(marked.items(), keys)} for keys in _shared(marked)]
        lesions += [JoinedLesion(place, findings) for findings in joined]
        total, used = (sum(len(found) for of in parts for found in of.values()) for parts in (marked.values(), joined))
        unlinked += total - used
    reason = 'findings that no lesion_id links to one in each other modality'
    return lesions, {reason: unlinked} if unlinked else {}


def _by_lesion(findings: Sequence[FindingRecord], targets: Sequence[str]) -> dict[Hashable, list[FindingRecord]]:
    """Lesion to its findings; a finding without ``lesion_id`` is a lesion of its own, under its number."""
    lesions: dict[Hashable, list[FindingRecord]] = defaultdict(list)
    for number, finding in enumerate(findings):
        if is_target(finding, targets):
            lesions[number if finding.lesion_id is None else finding.lesion_id].append(finding)
    return lesions


def _shared(marked: Mapping[str, Mapping[Hashable, Sequence[FindingRecord]]]) -> list[tuple[Hashable, ...]]:
    """For each lesion that all modalities have, what each of them calls it."""
    first, *others = marked.values()
    if not others:
        return [(key,) for key in first]
    named = {key for of in marked.values() for key in of if isinstance(key, str)}
    if all(len(of) == 1 for of in marked.values()) and len(named) <= 1:
        return [tuple(next(iter(of)) for of in marked.values())]
    return [(key,) * len(marked) for key in first if isinstance(key, str) and all(key in of for of in others)]
