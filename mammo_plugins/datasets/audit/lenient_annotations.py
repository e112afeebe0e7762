"""An annotation file, read record by record: a broken one is reported and left out instead of refusing the file.

Boxes outside their image and slices outside their volume are kept; checks of their own look at them.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import MISSING, dataclass, fields, replace
from pathlib import Path
from typing import Any

from mammo_plugins.io.annotation_records import CATEGORIES, AnnotationSet, FindingRecord, ImageRecord
from mammo_plugins.io.annotation_validation import AnnotationError, validate_annotations
from mammo_plugins.io.coco_volume import are_known_categories, finding_from_json, image_from_json, read_annotations

from .audit_finding import AuditFinding
from .audited_image import AuditedImage

_CHECK = 'broken_record'
_CATEGORY_NAMES = {number: name for name, number in CATEGORIES.items()}
_IMAGE_FIELDS = frozenset(field.name for field in fields(ImageRecord))
_REQUIRED_IMAGE_FIELDS = frozenset(
    field.name for field in fields(ImageRecord) if field.default is MISSING and field.default_factory is MISSING
)
_REQUIRED_FINDING_FIELDS = frozenset({'image_id', 'category_id', 'bbox', 'slice'})


@dataclass(frozen=True)
class LenientAnnotations:
    """What could be read.

    Attributes:
        images: usable images with their usable findings.
        findings: what could not be used, and why.
        info: where the records come from.
        num_records: (images, findings) that the file holds.
    """

    images: list[AuditedImage]
    findings: list[AuditFinding]
    info: dict[str, Any]
    num_records: tuple[int, int]


def read_annotations_leniently(path: str | Path) -> LenientAnnotations:
    """Reads a file and reports each record that breaks the format.

    Raises:
        FileNotFoundError: there is no such file.
        AnnotationError: it is no JSON object with ``info``, ``images`` and ``annotations``; nothing can be audited.
    """
    path = Path(path)
    content = _read_json(path)
    problems: list[AuditFinding] = []
    if not isinstance(content['info'].get('root'), str):
        problems.append(_broken('info', f'root: expected a folder name, got {content["info"].get("root")!r}'))
        content['info']['root'] = ''
    categories = {entry.get('id'): entry.get('name') for entry in content.get('categories') or [] if _is_object(entry)}
    if not are_known_categories(list(categories.items())):
        problems.append(_broken('categories', f'expected {_CATEGORY_NAMES}, got {categories}'))
    records = _read_images(content['images'], problems)
    findings = _read_findings(content['annotations'], records, problems)
    paths = AnnotationSet(list(records.values()), [], content['info'], path)
    images = [
        AuditedImage(
            record,
            tuple(finding for _, finding in findings[record.id]),
            paths.resolve_path(record),
            tuple(number for number, _ in findings[record.id]),
        )
        for record in records.values()
    ]
    return LenientAnnotations(images, problems, content['info'], (len(content['images']), len(content['annotations'])))


def check_strict_reading(path: str | Path) -> list[AuditFinding]:
    """What the project's own reader refuses a file for, if it does.

    It stops at the first fault, so it says nothing new where others are known; without any, it makes sure that a file
    that passes the audit can be trained on.
    """
    try:
        read_annotations(path)
    except AnnotationError as error:
        return [_broken('annotation file', str(error).removeprefix(f'{path}: '))]
    return []


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding='utf-8'))
    except FileNotFoundError:
        raise FileNotFoundError(
            f'annotation file {path} does not exist: make it with tools/convert_dataset.py'
        ) from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise AnnotationError(f'{path}: not a JSON file ({error})') from error
    for name, kind in (('info', dict), ('images', list), ('annotations', list)):
        if not _is_object(content) or not isinstance(content.get(name), kind):
            raise AnnotationError(f'{path}: not an annotation file: {name} is missing or no {kind.__name__}')
    return content


def _read_images(entries: Sequence[Any], problems: list[AuditFinding]) -> dict[int, ImageRecord]:
    records: dict[int, ImageRecord] = {}
    keys: dict[tuple[str, ...], int] = {}
    for position, entry in enumerate(entries, start=1):
        try:
            record = _image_record(entry)
            if record.id in records:
                raise ValueError(f'id {record.id} is used by more than one image')
            key = (record.patient_id, record.study_uid, record.modality, record.view_name)
            if key in keys:
                raise ValueError(
                    f'image {keys[key]} is {" / ".join(key)} too: predictions could not tell them apart; give each a '
                    'view_name of its own'
                )
        except (TypeError, ValueError) as error:
            problems.append(_broken(f'image record {position}', str(error)))
            continue
        records[record.id], keys[key] = record, record.id
    return records


def _image_record(entry: Any) -> ImageRecord:
    """The record of a JSON object.

    Raises:
        TypeError, ValueError: it breaks the format.
    """
    if not _is_object(entry):
        raise ValueError(f'expected an object, got {type(entry).__name__}')
    if missing := _REQUIRED_IMAGE_FIELDS - entry.keys():
        raise ValueError(f'missing {", ".join(sorted(missing))}')
    if unknown := entry.keys() - _IMAGE_FIELDS:
        raise ValueError(f'unknown {", ".join(sorted(unknown))}: further facts belong into labels')
    record = image_from_json(entry)
    _validate(AnnotationSet([record], [], {'root': ''}))
    return record


def _read_findings(
    entries: Sequence[Any], records: dict[int, ImageRecord], problems: list[AuditFinding]
) -> dict[int, list[tuple[int, FindingRecord]]]:
    findings: dict[int, list[tuple[int, FindingRecord]]] = defaultdict(list)
    for number, entry in enumerate(entries, start=1):
        try:
            finding = _finding_record(entry)
            if finding.image_id not in records:
                raise ValueError(f'no usable image has id {finding.image_id!r}')
            _check_finding(finding, records[finding.image_id])
        except (TypeError, ValueError) as error:
            problems.append(_broken(f'box record {number}', str(error)))
            continue
        findings[finding.image_id].append((number, finding))
    return findings


def _finding_record(entry: Any) -> FindingRecord:
    if not _is_object(entry):
        raise ValueError(f'expected an object, got {type(entry).__name__}')
    if missing := _REQUIRED_FINDING_FIELDS - entry.keys():
        raise ValueError(f'missing {", ".join(sorted(missing))}')
    return finding_from_json(entry)


def _check_finding(finding: FindingRecord, image: ImageRecord) -> None:
    """Refuses a finding for anything but where it lies, which has checks of its own.

    The place is therefore judged in an image and a volume that hold it.
    """
    whole = replace(finding, bbox_xywh=(0, 0, image.width, image.height), slice_index=None, slice_range=None)
    _validate(AnnotationSet([image], [whole], {'root': ''}))
    box, index, visible = finding.bbox_xywh, finding.slice_index, finding.slice_range
    if not (isinstance(box, tuple) and len(box) == 4 and all(map(_is_finite, box)) and min(box[2:]) > 0):
        raise ValueError(f'bbox: expected four finite numbers with a width and a height above 0, got {box!r}')
    if not (index is None or _is_integer(index)):
        raise ValueError(f'slice: expected null or an integer, got {index!r}')
    if visible is not None and not (
        isinstance(visible, tuple) and len(visible) == 2 and all(map(_is_integer, visible))
    ):
        raise ValueError(f'slice_range: expected null or two integers, got {visible!r}')


def _validate(one: AnnotationSet) -> None:
    """Raises what the format's own check says, without the names that only make sense for a whole file."""
    try:
        validate_annotations(one)
    except AnnotationError as error:
        raise ValueError(str(error).split(': ', 2)[-1]) from error


def _broken(where: str, reason: str) -> AuditFinding:
    return AuditFinding(_CHECK, 'error', where, reason)


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_finite(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < float('inf')
