"""How many images, studies and patients there were, and why fewer were analysed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from mammo_plugins.io import AnnotationSet, ImageRecord
from mammo_plugins.io.annotation_records import SPLITS

from .plan import EvidencePlan

NO_SPLIT = 'no split'


def analysed_images(
    plan: EvidencePlan, annotations: AnnotationSet, unreadable: Collection[int], left_out: Collection[int]
) -> AnnotationSet:
    """The images of a list that are scored, by what the plan says of those that cannot be read.

    Raises:
        ValueError: none is left.
    """
    gone = set(left_out) | (set(unreadable) if plan.content['exclusions']['unreadable'] == 'exclude' else set())
    ids = set(plan.image_ids) - gone
    kept = annotations.keep(image.id in ids and plan.scores(image) for image in annotations.images)
    if not kept.images:
        raise ValueError('no image of the plan could be read and predicted: there is nothing to score')
    return kept


def patient_flow(
    plan: EvidencePlan,
    annotations: AnnotationSet,
    unreadable: Mapping[int, str],
    left_out: Mapping[int, str],
    analysed: AnnotationSet,
) -> dict[str, Any]:
    """Candidates, excluded by reason, analysed; and what each split holds.

    Args:
        plan: says what was excluded before.
        annotations: the whole file.
        unreadable, left_out: id of an image to its reason.
        analysed: the images that were scored.
    """
    split = plan.content['selection']['split']
    by_id = {image.id: image for image in annotations.images}
    candidates = [image for image in annotations.images if image.split == split]
    reasons: dict[str, list[ImageRecord]] = {}
    for one in plan.content['exclusions']['images']:
        reasons.setdefault(one['reason'], []).append(by_id[one['id']])
    counts_as_miss = plan.content['exclusions']['unreadable'] == 'miss'
    for image_id in () if counts_as_miss else unreadable:
        reasons.setdefault('the file cannot be read', []).append(by_id[image_id])
    for image_id, reason in left_out.items():
        reasons.setdefault(f'not predicted: {_kind(reason)}', []).append(by_id[image_id])
    for image_id in plan.image_ids:
        if not plan.scores(by_id[image_id]) and not {image_id} & {*unreadable, *left_out}:
            reasons.setdefault('read beside an image that is scored', []).append(by_id[image_id])
    kept = {image.patient_id for image in analysed.images}
    return {
        'split': split,
        'candidates': _count(candidates),
        'excluded': [{'reason': reason, **_count(images)} for reason, images in reasons.items()],
        'patients_without_any_image_left': len({image.patient_id for image in candidates} - kept),
        'unreadable_counted_as_missed': len(unreadable) if counts_as_miss else 0,
        'analysed': {**_count(analysed.images), **_truth_counts(analysed)},
        'splits': [
            {'split': name, **_count(part.images), **_truth_counts(part)}
            for name, part in ((name, _of_split(annotations, name)) for name in (*SPLITS, NO_SPLIT))
            if part.images
        ],
    }


def unreadable_by_reason(unreadable: Mapping[int, str], annotations: AnnotationSet) -> list[dict[str, Any]]:
    """Each reason with the images that could not be read for it."""
    by_reason: dict[str, list[int]] = {}
    for image_id, reason in unreadable.items():
        name = annotations.resolve_path(annotations.image(image_id)).name
        by_reason.setdefault(reason.removeprefix(name).lstrip(': '), []).append(image_id)
    return [{'reason': reason, 'images': len(ids), 'ids': ids} for reason, ids in by_reason.items()]


def _of_split(annotations: AnnotationSet, name: str) -> AnnotationSet:
    return annotations.keep((image.split or NO_SPLIT) == name for image in annotations.images)


def _count(images: Iterable[ImageRecord]) -> dict[str, int]:
    images = list(images)
    return {
        'patients': len({image.patient_id for image in images}),
        'studies': len({(image.patient_id, image.study_uid) for image in images}),
        'images': len(images),
    }


def _truth_counts(annotations: AnnotationSet) -> dict[str, int]:
    malignant = {finding.image_id for finding in annotations.findings if finding.category == 'malignant'}
    images = annotations.images
    return {
        'breasts': len({image.breast_id for image in images}),
        'malignant_breasts': len(
            {image.breast_id for image in images if image.id in malignant or image.labels.get('malignant') == 1}
        ),
        'malignant_findings': sum(finding.category == 'malignant' for finding in annotations.findings),
        'other_findings': sum(finding.category != 'malignant' for finding in annotations.findings),
    }


def _kind(reason: str) -> str:
    """What is wrong with a case, without its name: ``case P1 is incomplete: ...`` is ``incomplete: ...``."""
    return reason.split(' is ', 1)[-1]
