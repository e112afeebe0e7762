"""Regions of interest in the metadata table of EMBED, and which finding of the clinical table they mark.

``ROI_coords`` is the text of nested tuples and lists, ``((ymin, xmin, ymax, xmax),)``: y comes first. It is in the
frame of the owners' PNG files, which were mirrored where needed so that the chest wall is left; the DICOM files were
not. Newer tables have the regions in both frames, ``DCM_ROI_coords`` and ``PNG_ROI_coords``. The regions were found
on screenshots with a drawn circle and matched to the images. The tables do not link a region to a finding.

Source: data descriptor of the Open Data release, https://github.com/Emory-HITI/EMBED_Open_Data.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any

from ..box_clipping import Box
from ..release_table import RowError, TableRow
from .clinical import ClinicalFinding, common_kind

REGION_COLUMNS = ('DCM_ROI_coords', 'PNG_ROI_coords', 'ROI_coords')

_MAX_TEXT_LENGTH = 20_000  # what ast is given; 500 regions
_MAX_COORDINATE = 10**6  # far beyond any detector; keeps infinities and numbers of a thousand digits out


@dataclass(frozen=True)
class Region:
    """A region of an image.

    Attributes:
        box_xywh: in stored pixels.
        match_level: 1 where the screenshot was matched to this image, 2 where the region was carried over from the
            other kind of image (2-D or C-View) of the same view; None where not stated.
    """

    box_xywh: Box
    match_level: int | None


def read_regions(coordinates: str, match_levels: str = '') -> list[Region]:
    """Regions of one image, in the order of the table, whatever the depth of the nesting.

    Args:
        coordinates: ``ROI_coords``.
        match_levels: ``match_level``, a number a region; not used where the numbers do not match.

    Raises:
        RowError: the coordinates are no nested lists of four numbers.
    """
    corners = list(_innermost(_parse(coordinates, 'ROI_coords')))
    if not all(len(numbers) == 4 for numbers in corners):
        raise RowError(f'ROI_coords {coordinates[:60]!r} holds something else than ymin, xmin, ymax, xmax')
    try:
        levels = [level for numbers in _innermost(_parse(match_levels, 'match_level')) for level in numbers]
    except RowError:
        levels = []
    known = len(levels) == len(corners)
    return [
        Region((xmin, ymin, xmax - xmin, ymax - ymin), int(levels[place]) if known else None)
        for place, (ymin, xmin, ymax, xmax) in enumerate(corners)
    ]


def choose_regions(row: TableRow) -> tuple[str, bool]:
    """Text of the regions of an image, and whether they are in the frame of the PNG files.

    Raises:
        RowError: the table has none of the columns.
    """
    if not any(column in row.values for column in REGION_COLUMNS):
        raise RowError(f'the table has none of the columns {", ".join(REGION_COLUMNS)}')
    column = next((name for name in REGION_COLUMNS if row.values.get(name)), '')
    return (row.values[column], column != 'DCM_ROI_coords') if column else ('', False)


def mirror_regions(regions: list[Region], width: int) -> list[Region]:
    """The regions in the frame that is the other way round, in an image of so many columns."""
    return [
        replace(region, box_xywh=(width - x - w, y, w, h)) for region in regions for x, y, w, h in [region.box_xywh]
    ]


def _parse(text: str, column: str) -> Any:
    if not text:
        return ()
    try:
        if len(text) <= _MAX_TEXT_LENGTH:
            return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        pass
    raise RowError(f'{column} {text[:60]!r} is no list of lists')


def _innermost(value: Any) -> Iterator[list[float]]:
    """The lists that hold numbers alone; the text is short, so that recursion is too."""
    if isinstance(value, Real):
        yield [_checked(value)]
    elif not isinstance(value, (tuple, list)):
        raise RowError(f'{value!r} is neither a list nor a number')
    elif value and all(isinstance(part, Real) for part in value):
        yield [_checked(part) for part in value]
    else:
        for part in value:
            yield from _innermost(part)


def _checked(number: Any) -> float:
    if not -_MAX_COORDINATE < number < _MAX_COORDINATE:
        raise RowError('a number is beyond any image')
    return float(number)


def describe_region(findings: list[ClinicalFinding], side: str, unproven_as_benign: bool) -> tuple[str, dict[str, Any]]:
    """Category and attributes of the regions of one breast.

    A region gets a category where all findings of the breast share it, so that it does not matter which one is marked.

    Args:
        findings: rows of the clinical table that concern the breast.
        side: ``L`` or ``R``.
        unproven_as_benign: count BI-RADS 0, 4 and 5 without pathology as benign.

    Raises:
        RowError: there is no finding, its outcome is unknown, or findings differ in it.
    """
    marked = [finding for finding in findings if not finding.is_negative]
    if not marked:
        raise RowError('region in a breast without a finding in the clinical table')
    categories = {finding.category(side, unproven_as_benign) for finding in marked}
    if None in categories:
        assessments = '/'.join(sorted({finding.birads or 'unknown' for finding in marked}))
        raise RowError(f'region whose outcome is unknown: BI-RADS {assessments} without the pathology that would tell')
    if len(categories) > 1:
        raise RowError('region in a breast with malignant and benign findings: the tables do not say which one it is')
    attributes: dict[str, Any] = {'proven': int(all(finding.is_proven(side) for finding in marked))}
    if kind := common_kind(marked):
        attributes['type'], attributes['release_name'] = kind
    if len(assessments := {finding.birads for finding in marked}) == 1 and None not in assessments:
        attributes['birads'] = assessments.pop()
    return categories.pop(), attributes
