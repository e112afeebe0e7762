"""What makes a set of annotations valid. Each error names the file, the record and the field."""

from __future__ import annotations

import json
import math
from functools import partial
from numbers import Integral, Real
from typing import Any

from mammo_plugins.structures import ViewKey

from .annotation_records import CATEGORIES, MODALITIES, SPLITS, AnnotationSet, FindingRecord, ImageRecord

DENSITIES = ('A', 'B', 'C', 'D')

_LARGEST_SIDE = 2**31 - 1
_SECONDS_A_DAY = 24 * 60 * 60
_BORDER_TOLERANCE_PX = 1e-6  # a box may leave the image by a rounding error only


class AnnotationError(ValueError):
    """An annotation file or set that breaks the format."""


def validate_annotations(annotation_set: AnnotationSet) -> None:
    """Checks every record.

    Raises:
        AnnotationError: the first broken field, with file, record, value and what was expected.
    """
    source = str(annotation_set.path or 'annotation set')
    if not isinstance(annotation_set.info.get('root'), str):
        raise AnnotationError(f'{source}: info: root: expected a folder name, got {annotation_set.info.get("root")!r}')
    _check_json(annotation_set.info, f'{source}: info')
    seen_ids: set[int] = set()
    seen_keys: dict[tuple[str, ...], int] = {}
    for image in annotation_set.images:
        where = f'{source}: image {image.id!r}'
        _validate_image(image, where)
        if image.id in seen_ids:
            raise AnnotationError(f'{where}: id: used by more than one image')
        seen_ids.add(image.id)
        key = (image.patient_id, image.study_uid, image.modality, image.view_name)
        if key in seen_keys:
            raise AnnotationError(
                f'{where}: view_name: image {seen_keys[key]} is {image.modality} {image.view_name!r} of study '
                f'{image.study_uid!r}, patient {image.patient_id!r} too; predictions could not tell them apart'
            )
        seen_keys[key] = image.id
    images = {image.id: image for image in annotation_set.images}
    for number, finding in enumerate(annotation_set.findings, start=1):
        where = f'{source}: finding {number} (image {finding.image_id!r})'
        if finding.image_id not in images:
            raise AnnotationError(f'{where}: image_id: no image has this id')
        _validate_finding(finding, images[finding.image_id], where)


def _validate_image(image: ImageRecord, where: str) -> None:
    expect = partial(_expect, where)
    expect('id', image.id, _is_integer(image.id), 'an integer')
    for name in ('file_name', 'patient_id', 'study_uid', 'view_name'):
        expect(name, getattr(image, name), _is_text(getattr(image, name)), 'a text that is not empty')
    for name in ('width', 'height', 'num_slices'):
        value = getattr(image, name)
        is_count = _is_integer(value) and 1 <= value <= _LARGEST_SIDE
        expect(name, value, is_count, f'an integer of at least 1 and at most {_LARGEST_SIDE}')
    expect('view', image.view, _is_canonical_view(image.view), 'a view such as L-CC')
    expect('modality', image.modality, image.modality in MODALITIES, f'one of {", ".join(MODALITIES)}')
    has_slices = image.modality == 'DBT'
    expect('num_slices', image.num_slices, has_slices or image.num_slices == 1, f'1 for {image.modality}')
    expect('manufacturer', image.manufacturer, _is_unicode(image.manufacturer), 'a text')
    spacing = image.spacing_mm
    is_spacing = spacing is None or (_are_numbers(spacing, 2) and min(spacing) > 0)
    expect('spacing_mm', spacing, is_spacing, 'null or two positive numbers')
    between = image.slice_spacing_mm
    is_distance = between is None or (_are_numbers([between], 1) and between > 0)
    expect('slice_spacing_mm', between, is_distance, 'null or a positive number')
    time = image.acquisition_time_s
    is_time = time is None or (_are_numbers([time], 1) and 0 <= time < _SECONDS_A_DAY)
    expect('acquisition_time_s', time, is_time, f'null or seconds of a day, below {_SECONDS_A_DAY}')
    is_flag = image.computed is False or (image.computed is True and image.modality == 'SM')
    expect('computed', image.computed, is_flag, 'true or false, and true for SM alone')
    nipple, wall = image.nipple_xy, image.chest_wall_xyxy
    expect('nipple_xy', nipple, nipple is None or _are_numbers(nipple, 2), 'null or two finite numbers x, y')
    is_line = wall is None or (_are_numbers(wall, 4) and tuple(wall[:2]) != tuple(wall[2:]))
    expect('chest_wall_xyxy', wall, is_line, 'null or two different points x, y, x, y')
    expect('rotated_180', image.rotated_180, isinstance(image.rotated_180, bool), 'true or false')
    expect('split', image.split, image.split is None or image.split in SPLITS, f'null or one of {", ".join(SPLITS)}')
    _validate_labels(image.labels, where)


def _validate_labels(labels: Any, where: str) -> None:
    expect = partial(_expect, where)
    expect('labels', labels, isinstance(labels, dict), 'an object')
    for name in ('malignant', 'benign'):
        value = labels.get(name)
        expect(f'labels.{name}', value, value is None or (_is_integer(value) and value in (0, 1)), '0, 1 or null')
    birads, density = labels.get('birads'), labels.get('density')
    expect('labels.birads', birads, birads is None or _is_text(birads), 'a text or null')
    expect('labels.density', density, density is None or density in DENSITIES, 'A, B, C, D or null')
    _check_json(labels, f'{where}: labels')


def _validate_finding(finding: FindingRecord, image: ImageRecord, where: str) -> None:
    expect = partial(_expect, where)
    expect('category', finding.category, finding.category in CATEGORIES, f'one of {", ".join(CATEGORIES)}')
    box = finding.bbox_xywh
    expect('bbox', box, _are_numbers(box, 4), 'four finite numbers x, y, width, height')
    expect('bbox', box, min(box[2:]) > 0, 'a width and a height above 0')
    is_inside = (
        min(box[:2]) >= -_BORDER_TOLERANCE_PX
        and box[0] + box[2] <= image.width + _BORDER_TOLERANCE_PX
        and box[1] + box[3] <= image.height + _BORDER_TOLERANCE_PX
    )
    expect('bbox', box, is_inside, f'a box inside the image of {image.width} x {image.height} pixels')
    _validate_slices(finding, image, where)
    lesion, outline, attributes = finding.lesion_id, finding.segmentation, finding.attributes
    expect('lesion_id', lesion, lesion is None or _is_text(lesion), 'a text or null')
    is_outline = outline is None or isinstance(outline, (list, dict))
    expect('segmentation', type(outline).__name__, is_outline, 'polygons, a run-length encoding or null')
    expect('attributes', attributes, isinstance(attributes, dict), 'an object')
    _check_json([outline, attributes], f'{where}: segmentation and attributes')


def _validate_slices(finding: FindingRecord, image: ImageRecord, where: str) -> None:
    expect = partial(_expect, where)
    last = image.num_slices - 1
    index, visible = finding.slice_index, finding.slice_range
    expect('slice', index, index is None or (_is_integer(index) and 0 <= index <= last), f'null or 0 to {last}')
    if visible is None:
        return
    is_pair = isinstance(visible, (tuple, list)) and len(visible) == 2 and all(map(_is_integer, visible))
    expect('slice_range', visible, is_pair, 'null or two integers')
    first_visible, last_visible = visible
    is_range = 0 <= first_visible <= last_visible <= last
    expect('slice_range', visible, is_range, f'first <= last inside 0 to {last}')
    is_visible = index is None or first_visible <= index <= last_visible
    expect('slice', index, is_visible, f'a slice of slice_range {list(visible)}')


def _expect(where: str, name: str, value: Any, holds: bool, expected: str) -> None:
    if not holds:
        raise AnnotationError(f'{where}: {name}: expected {expected}, got {value!r}')


def _check_json(value: Any, where: str) -> None:
    try:
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise AnnotationError(f'{where}: cannot be written as JSON ({error})') from error


def _is_integer(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def _is_text(value: Any) -> bool:
    return _is_unicode(value) and value.strip() != ''


def _is_unicode(value: Any) -> bool:
    """Whether it is a text that can be written; half of a surrogate pair cannot."""
    try:
        return isinstance(value, str) and value.encode() is not None
    except UnicodeEncodeError:
        return False


def _are_numbers(values: Any, count: int) -> bool:
    return isinstance(values, (tuple, list)) and len(values) == count and all(map(_is_finite_number, values))


def _is_finite_number(value: Any) -> bool:
    try:
        return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:  # an integer beyond all floats
        return False


def _is_canonical_view(view: Any) -> bool:
    if not isinstance(view, str):
        return False
    try:
        return str(ViewKey.parse(view)) == view
    except ValueError:
        return False
