"""The one annotation format: COCO JSON with slices, views and modalities. Its only reader and writer.

A file opens with ``pycocotools.COCO``. Beyond COCO, ``images[]`` carry ``num_slices``, the view, the modality and
image-level labels; ``annotations[]`` carry ``slice``, ``slice_range`` and ``lesion_id``; ``info`` says where the
records come from and what was left out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, TypeVar

from .annotation_records import CATEGORIES, AnnotationSet, FindingRecord, ImageRecord
from .annotation_validation import AnnotationError, validate_annotations
from .whole_file import whole_file

__all__ = [
    'CATEGORIES',
    'AnnotationError',
    'AnnotationSet',
    'FindingRecord',
    'ImageRecord',
    'join_image_files',
    'read_annotations',
    'validate_annotations',
    'write_annotations',
]

Record = TypeVar('Record')

_CATEGORY_NAMES = {number: name for name, number in CATEGORIES.items()}
_IMAGE_FIELDS = {
    field.name: field.default is MISSING and field.default_factory is MISSING for field in fields(ImageRecord)
}
_FINDING_FIELDS = {  # name in the file: whether it must be there
    'id': True, 'image_id': True, 'category_id': True, 'bbox': True, 'area': False, 'iscrowd': False, 'slice': True,
    'slice_range': False, 'lesion_id': False, 'segmentation': False, 'attributes': False,
}  # fmt: skip


def write_annotations(path: str | Path, annotation_set: AnnotationSet) -> None:
    """Validates and writes a set; the file appears whole or not at all.

    Raises:
        AnnotationError: a record breaks the format; nothing is written.
    """
    validate_annotations(annotation_set)
    used = {finding.category for finding in annotation_set.findings} | {'malignant', 'benign'}
    _write(path, annotation_set.info, used, annotation_set.images, annotation_set.findings)


def join_image_files(path: str | Path, parts: Iterable[str | Path], info: Mapping[str, Any]) -> None:
    """Writes the images of files that hold no findings into one, with one of them in memory at a time.

    Args:
        path: the file to write; appears whole or not at all.
        parts: annotation files whose images have different ids, patients or studies.
        info: of the whole.

    Raises:
        AnnotationError: a part cannot be read.
    """
    images = (image for part in parts for image in read_annotations(part).images)
    _write(path, info, {'malignant', 'benign'}, images, ())


def _write(
    path: str | Path,
    info: Mapping[str, Any],
    used: Collection[str],
    images: Iterable[ImageRecord],
    findings: Iterable[FindingRecord],
) -> None:
    categories = [{'id': number, 'name': name} for name, number in CATEGORIES.items() if name in used]
    entries = (_finding_to_json(number, finding) for number, finding in enumerate(findings, start=1))
    with whole_file(path) as unfinished, unfinished.open('w', encoding='utf-8') as file:
        file.write(f'{{\n"info": {_json(info)},\n"categories": {_json(categories)},\n"images": [')
        file.writelines(_lines(map(_image_to_json, images)))
        file.write('],\n"annotations": [')
        file.writelines(_lines(entries))
        file.write(']\n}\n')


def read_annotations(path: str | Path) -> AnnotationSet:
    """Reads and validates a file.

    Raises:
        FileNotFoundError: there is no such file.
        AnnotationError: it cannot be opened, is no JSON, or a record breaks the format.
    """
    path = Path(path)
    try:
        content = json.loads(path.read_text(encoding='utf-8'))
        return _read_content(content, path)
    except FileNotFoundError:
        raise FileNotFoundError(
            f'annotation file {path} does not exist: make it with tools/convert_dataset.py (for example '
            f'"python tools/convert_dataset.py bcs-dbt SRC {path.name}")'
        ) from None
    except OSError as error:
        raise AnnotationError(f'{path}: cannot be opened: {error.strerror or type(error).__name__}') from error
    except RecursionError as error:
        raise AnnotationError(f'{path}: values are nested too deeply') from error
    except AnnotationError:
        raise
    except ValueError as error:  # broken JSON, wrong encoding, integers of thousands of digits
        raise AnnotationError(f'{path}: not a JSON file ({error})') from error


def _read_content(content: Any, path: Path) -> AnnotationSet:
    _check_sections(content, path)
    images = _parse_records(content['images'], f'{path}: images', _IMAGE_FIELDS, image_from_json)
    findings = _parse_records(content['annotations'], f'{path}: annotations', _FINDING_FIELDS, _single_finding)
    annotation_set = AnnotationSet(images, findings, content['info'], path)
    validate_annotations(annotation_set)
    return annotation_set


def are_known_categories(found: Sequence[tuple[Any, Any]]) -> bool:
    """Whether (id, name) are those of an annotation file; ``other`` is there only where a finding is."""
    known = list(_CATEGORY_NAMES.items())
    needed = [entry for entry in known if entry[1] != 'other']
    return all(entry in known for entry in found) and all(found.count(entry) == 1 for entry in needed)


def _check_sections(content: Any, path: Path) -> None:
    if not isinstance(content, dict):
        raise AnnotationError(f'{path}: expected an object with info, images, annotations and categories')
    for name, kind in (('info', dict), ('images', list), ('annotations', list), ('categories', list)):
        if not isinstance(content.get(name), kind):
            raise AnnotationError(f'{path}: {name}: expected {kind.__name__}, got {type(content.get(name)).__name__}')
    found = [(c.get('id'), c.get('name')) for c in content['categories'] if isinstance(c, dict)]
    if not are_known_categories(found):
        raise AnnotationError(f'{path}: categories: expected {list(_CATEGORY_NAMES.items())}, got {found}')


def _parse_records(
    entries: list[Any], where: str, known: dict[str, bool], parse: Callable[[dict[str, Any]], Record]
) -> list[Record]:
    required = {name for name, is_required in known.items() if is_required}
    records = []
    for position, entry in enumerate(entries):
        if not isinstance(entry, dict):
            raise AnnotationError(f'{where}[{position}]: expected an object, got {entry!r}')
        if missing := required.difference(entry):
            raise AnnotationError(f'{where}[{position}] (id {entry.get("id")!r}): missing {", ".join(sorted(missing))}')
        if unknown := entry.keys() - known.keys():
            raise AnnotationError(
                f'{where}[{position}] (id {entry["id"]!r}): unknown {", ".join(sorted(unknown))}: further facts belong '
                'into labels (images) or attributes (annotations)'
            )
        try:
            records.append(parse(entry))
        except (TypeError, ValueError) as error:
            raise AnnotationError(f'{where}[{position}] (id {entry["id"]!r}): {error}') from error
    return records


def _image_to_json(image: ImageRecord) -> dict[str, Any]:
    entry = {field.name: getattr(image, field.name) for field in fields(ImageRecord)}
    for name in ('id', 'width', 'height', 'num_slices'):
        entry[name] = int(entry[name])
    for name in ('acquisition_time_s', 'nipple_xy', 'chest_wall_xyxy'):
        if entry[name] is None:
            del entry[name]  # most releases have none
    if not image.computed:
        del entry['computed']
    if image.spacing_mm is not None:
        entry['spacing_mm'] = [float(value) for value in image.spacing_mm]
    return entry


def image_from_json(entry: dict[str, Any]) -> ImageRecord:
    """An entry of ``images`` with known fields alone; what it says is not checked."""
    _check_hashable(entry, 'id')
    lists = ('spacing_mm', 'nipple_xy', 'chest_wall_xyxy')
    return ImageRecord(**{**entry, **{name: _as_tuple(entry.get(name)) for name in lists}})


def _finding_to_json(number: int, finding: FindingRecord) -> dict[str, Any]:
    x, y, width, height = map(float, finding.bbox_xywh)
    entry = {
        'id': number,
        'image_id': int(finding.image_id),
        'category_id': CATEGORIES[finding.category],
        'bbox': [x, y, width, height],
        'area': width * height,
        'iscrowd': 0,
        'slice': None if finding.slice_index is None else int(finding.slice_index),
        'slice_range': None if finding.slice_range is None else [int(index) for index in finding.slice_range],
        'lesion_id': finding.lesion_id,
    }
    if finding.segmentation is not None:
        entry['segmentation'] = finding.segmentation
    if finding.attributes:
        entry['attributes'] = finding.attributes
    return entry


def _single_finding(entry: dict[str, Any]) -> FindingRecord:
    finding = finding_from_json(entry)
    if entry.get('iscrowd', 0) != 0:
        raise ValueError(f'iscrowd: expected 0, got {entry["iscrowd"]!r}')
    return finding


def finding_from_json(entry: dict[str, Any]) -> FindingRecord:
    """An entry of ``annotations`` that has the required fields; where it lies is not checked.

    Raises:
        ValueError: the category is unknown.
    """
    _check_hashable(entry, 'image_id')
    if entry['category_id'] not in _CATEGORY_NAMES:
        raise ValueError(f'category_id: expected {_CATEGORY_NAMES}, got {entry["category_id"]!r}')
    return FindingRecord(
        image_id=entry['image_id'],
        category=_CATEGORY_NAMES[entry['category_id']],
        bbox_xywh=_as_tuple(entry['bbox']),
        slice_index=entry['slice'],
        slice_range=_as_tuple(entry.get('slice_range')),
        lesion_id=entry.get('lesion_id'),
        segmentation=entry.get('segmentation'),
        attributes=entry.get('attributes') or {},
    )


def _check_hashable(entry: dict[str, Any], name: str) -> None:
    """Records are indexed by id before they are validated."""
    if isinstance(entry[name], (list, dict)):
        raise ValueError(f'{name}: expected an integer, got {entry[name]!r}')


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _lines(entries: Iterable[dict[str, Any]]) -> Iterator[str]:
    """One entry a line, with commas between them."""
    for number, entry in enumerate(entries):
        yield (',\n' if number else '\n') + _json(entry)


def _json(value: Any) -> str:
    return json.dumps(value, allow_nan=False, ensure_ascii=False)
