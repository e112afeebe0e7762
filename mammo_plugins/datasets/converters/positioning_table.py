"""Nipples and pectoral lines that radiologists drew in MLO of VinDr-Mammo.

A row is a box (``bbox``, ``Nipple``, ``{'x', 'y', 'width', 'height'}``) or a line (``line``, ``Pectoralis``,
``{'vertices': [[x, y], [x, y]]}``) of the image ``SOPInstanceUID``, in stored pixels; vertices may lie a little
outside. The nipple is the middle of its box.

Source: Tanyel et al., "Mammographic Breast Positioning Assessment via Deep Learning", Deep-Breath 2024.
"""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path

from mammo_plugins.io import ImageRecord

from .conversion_report import ConversionReport
from .release_table import RowError, TableRow
from .wide_table import iter_wide_table

COLUMNS = ('SOPInstanceUID', 'labelName', 'data', 'height', 'width')
_MAX_LENGTH = 500  # what ast is given; the table's longest has under 100 letters


def with_positions(
    path: Path, images: dict[str, ImageRecord], left_out: set[str], report: ConversionReport
) -> dict[str, ImageRecord]:
    """The images, those of the table with ``nipple_xy`` and ``chest_wall_xyxy``.

    Args:
        path: the table.
        images: by SOP instance UID.
        left_out: UIDs of images that were not asked for, whose rows are no fault.
        report: of the conversion; unusable rows are dropped as ``landmarks``.

    Raises:
        ConversionError: the file cannot be read, or lacks a column.
    """
    placed = dict(images)
    seen: set[tuple[str, str]] = set()
    for row in iter_wide_table(path, COLUMNS, report):
        try:
            uid, name = row.text('SOPInstanceUID'), row.text('labelName')
            if uid in left_out:
                continue
            if uid not in placed:
                raise RowError(f'no image {uid}')
            if (uid, name) in seen:
                raise RowError(f'a second {name} of image {uid}')
            placed[uid] = _with_row(placed[uid], name, row)
            seen.add((uid, name))
        except ValueError as error:
            report.drop(row.where, str(error), 'landmarks')
    report.counts['images_with_landmarks'] += len({uid for uid, _ in seen})
    return placed


def _with_row(image: ImageRecord, name: str, row: TableRow) -> ImageRecord:
    if (row.number('width'), row.number('height')) != (image.width, image.height):
        raise RowError(f'is of an image of {row.values["width"]} x {row.values["height"]} pixels')
    data = _read_data(row)
    is_line = 'vertices' in data
    if name == 'Nipple' and not is_line:
        x, y, width, height = (float(data[key]) for key in ('x', 'y', 'width', 'height'))
        return replace(image, nipple_xy=(x + width / 2, y + height / 2))
    if name == 'Pectoralis' and is_line:
        first, last = ((float(x), float(y)) for x, y in data['vertices'])
        if first == last:
            raise RowError('the two ends of the pectoral line are one point')
        return replace(image, chest_wall_xyxy=(*first, *last))
    raise RowError(f'labelName {name!r} with a {"line" if is_line else "box"}: expected Nipple boxes, Pectoralis lines')


def _read_data(row: TableRow) -> dict:
    text = row.text('data')
    try:
        data = ast.literal_eval(text) if len(text) <= _MAX_LENGTH else None
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        data = None
    numbers = _numbers(data)
    if numbers is None or not all(abs(number) < 1e6 for number in numbers):
        raise RowError(f'data {text[:60]!r} is neither a box nor a line of two points')
    return data


def _numbers(data: object) -> list[float] | None:
    """All numbers of a box or a line; None for anything else."""
    if not isinstance(data, dict):
        return None
    if set(data) == {'vertices'} and isinstance(data['vertices'], list) and len(data['vertices']) == 2:
        points = data['vertices']
        found = [number for point in points if isinstance(point, (list, tuple)) for number in point]
        count = 4 if all(isinstance(point, (list, tuple)) and len(point) == 2 for point in points) else -1
    else:
        found, count = [data.get(key) for key in ('x', 'y', 'width', 'height')], 4
    is_valid = len(found) == count and all(type(number) in (int, float) for number in found)
    return found if is_valid else None
