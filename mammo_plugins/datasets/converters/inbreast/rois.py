"""Outlines in the XML files of INbreast: property lists as OsiriX writes them.

``Images[0].ROIs[]`` holds for each region a ``Name``, ``NumberOfPoints`` and ``Point_px``, texts ``(x, y)`` in stored
pixels. Names were typed by hand.
"""

from __future__ import annotations

import math
import plistlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MAX_ROI_FILE_BYTES = 2**25  # 34 MB; the largest of the release has some 2

# Lower-case name to type. A cluster is a group of calcifications; a spiculated region surrounds spicules, with or
# without a mass of its own inside, so it must not be counted as another mass.
ROI_TYPES = {
    'mass': 'mass',
    'calcification': 'calcification',
    'calcifications': 'calcification',
    'cluster': 'calcification',
    'distortion': 'distortion',
    'asymmetry': 'asymmetry',
    'assymetry': 'asymmetry',
    'spiculated region': 'other',
    'espiculated region': 'other',
    'unnamed': 'other',
}
SINGLE_CALCIFICATION = 'calcification'
"""Lower-case name of the regions that are one calcification each, mostly of a few pixels."""

MIN_OUTLINE_POINTS = 3

_POINT = re.compile(r'\(\s*([^\s,()]+)\s*,\s*([^\s,()]+)\s*\)')


@dataclass(frozen=True)
class Roi:
    """A region.

    Attributes:
        number: 1-based place in the file.
        name: as in the file, without spaces around it; empty where absent.
        points_xy: stored pixels; one or two are a mark, not an outline.
    """

    number: int
    name: str
    points_xy: tuple[tuple[float, float], ...]

    @property
    def type(self) -> str:
        """mass, calcification, distortion, asymmetry or other."""
        return ROI_TYPES.get(self.name.lower(), 'other')

    @property
    def is_single_calcification(self) -> bool:
        return self.name.lower() == SINGLE_CALCIFICATION

    @property
    def is_outline(self) -> bool:
        return len(self.points_xy) >= MIN_OUTLINE_POINTS

    @property
    def bbox_xywh(self) -> tuple[float, float, float, float]:
        """The box around the points."""
        xs, ys = zip(*self.points_xy, strict=True)
        return min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)


def read_roi_file(path: Path) -> list[dict[str, Any]]:
    """The entries of the first image's regions, each for :func:`parse_roi`.

    Entity declarations, with which a small file could fill the memory, are refused by ``plistlib``; so are binary
    property lists, which the release does not have.

    Raises:
        ValueError: the file cannot be read or holds something else.
    """
    try:
        if (size := path.stat().st_size) > MAX_ROI_FILE_BYTES:
            raise ValueError(f'{size} bytes, more than the {MAX_ROI_FILE_BYTES} of any file of the release')
        content = plistlib.loads(path.read_bytes(), fmt=plistlib.FMT_XML)
        rois = content['Images'][0]['ROIs']
    except OSError as error:
        raise ValueError(f'cannot be opened: {error.strerror or type(error).__name__}') from error
    except Exception as error:  # expat and plistlib let through whatever a broken file causes
        raise ValueError(f'not a property list with Images[0].ROIs ({type(error).__name__}: {error})') from error
    if not isinstance(rois, list):
        raise ValueError(f'Images[0].ROIs is a {type(rois).__name__}, not an array')
    return rois


def parse_roi(number: int, entry: Any) -> Roi:
    """One entry of :func:`read_roi_file`.

    Raises:
        ValueError: it has no points, other than it announces, or one that is not a pair of numbers.
    """
    points = entry.get('Point_px') if isinstance(entry, dict) else None
    if not isinstance(points, list) or not points:
        raise ValueError('has no Point_px')
    if (announced := entry.get('NumberOfPoints', len(points))) != len(points):
        shown = announced if isinstance(announced, int) else type(announced).__name__
        raise ValueError(f'NumberOfPoints is {shown}, Point_px has {len(points)}')
    name = entry.get('Name', '')
    if not isinstance(name, str):  # written out, a value of many levels would exhaust the stack
        raise ValueError(f'Name is a {type(name).__name__}, not a text')
    return Roi(number, name.strip(), tuple(_parse_point(text) for text in points))


def _parse_point(text: Any) -> tuple[float, float]:
    match = _POINT.fullmatch(text.strip()) if isinstance(text, str) else None
    try:
        x, y = (float(part) for part in match.groups()) if match else (math.nan, math.nan)
    except ValueError:
        x = y = math.nan
    if not (math.isfinite(x) and math.isfinite(y)):
        shown = repr(text[:60]) if isinstance(text, str) else f'of type {type(text).__name__}'
        raise ValueError(f'point {shown} is not a pair of numbers "(x, y)"')
    return x, y
