"""Whether annotations and images are still those that a plan was made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track

from mammo_plugins.datasets.audit.audited_image import name_first
from mammo_plugins.evaluation import image_keys
from mammo_plugins.io import AnnotationSet, ImageRecord
from mammo_plugins.io.canonical_json import digest_of
from mammo_plugins.io.source_digest import digest_file, digest_source

from .plan import EvidencePlan, PlanError

MISSING = 'cannot be read'


def describe_images(annotations: AnnotationSet) -> list[dict[str, Any]]:
    """Each image of a list with the digest of its file (None where it cannot be read) and of what is annotated."""
    keys = image_keys(annotations.images)
    images = track(list(zip(keys, annotations.images)), 'digests', console=Console(stderr=True))
    return [
        {
            'id': image.id,
            'name': str(key),
            'sha256': _file_digest(annotations.resolve_path(image)),
            'annotated': _annotated_digest(annotations, image),
        }
        for key, image in images
    ]


def require_unchanged(plan: EvidencePlan, ann_file: Path, annotations: AnnotationSet) -> None:
    """Refuses data that are not those of a plan, and names what differs.

    Args:
        plan: the plan.
        ann_file: annotation file.
        annotations: all of it.

    Raises:
        PlanError: the annotation file or an image is another one.
    """
    planned = plan.content['images']
    if digest_file(ann_file) != plan.content['annotations']['sha256']:
        _refuse(plan, f'the annotations ({ann_file.name})', list(_changed_records(planned, annotations)))
    ids = {image['id'] for image in planned}
    present = {
        image['id']: image for image in describe_images(annotations.keep(one.id in ids for one in annotations.images))
    }
    changed = [
        f'{image["name"]} {_how_changed(image["sha256"], present[image["id"]]["sha256"])}'
        for image in planned
        if present[image['id']]['sha256'] != image['sha256']
    ]
    if changed:
        _refuse(plan, f'{len(changed)} of {len(planned)} images', changed)


def _refuse(plan: EvidencePlan, what: str, changes: Sequence[str]) -> None:
    raise PlanError(
        f'{what} changed since {plan.path.name} was frozen: {name_first(changes, "; ")}. What was tested is not what '
        'was planned: bring the data back, or freeze a new plan'
    )


def _changed_records(planned: Sequence[Mapping[str, Any]], annotations: AnnotationSet) -> Iterable[str]:
    present = {image.id: image for image in annotations.images}
    found = False
    for image in planned:
        if image['id'] not in present:
            found = True
            yield f'{image["name"]} is gone'
        elif _annotated_digest(annotations, present[image['id']]) != image['annotated']:
            found = True
            yield f'the record or the findings of {image["name"]} are others'
    if not found:
        yield 'no image of the list, but something else in the file'


def _how_changed(before: str | None, now: str | None) -> str:
    if now is None:
        return MISSING
    return 'could not be read then, and can now' if before is None else 'has other bytes'


def _file_digest(path: Path) -> str | None:
    try:
        return digest_source(path)
    except OSError:
        return None


def _annotated_digest(annotations: AnnotationSet, image: ImageRecord) -> str:
    return digest_of([asdict(image), [asdict(finding) for finding in annotations.findings_of(image.id)]])
