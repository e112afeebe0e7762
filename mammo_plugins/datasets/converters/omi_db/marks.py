"""Marks of expert readers in the image records of OMI-DB.

Source: documentation of the owners' ``omidb`` package, https://scicomcore.bitbucket.io/omidb/api-mark.html.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

EDGES = ('X1', 'Y1', 'X2', 'Y2')

# What a mark is, by the flags that are set; the first that applies counts.
_TYPES = {
    'mass': ('Mass',),
    'distortion': ('ArchitecturalDistortion',),
    'asymmetry': ('FocalAsymmetry',),
    'calcification': (
        'SuspiciousCalcifications', 'WithCalcification', 'Dystrophic', 'MilkOfCalcium', 'OtherBenignCluster',
        'PlasmaCellMastitis', 'SutureCalcification', 'Vascular',
    ),
    'other': ('FatNecrosis', 'Skin'),
}  # fmt: skip
_DESCRIPTIONS = {
    'Conspicuity': 'conspicuity', 'MassClassification': 'mass_classification',
    'BenignClassification': 'benign_classification',
}  # fmt: skip
_NOT_SET = ('', '0', 'n', 'no', 'false', 'none')


@dataclass(frozen=True)
class Mark:
    """A marked region.

    Attributes:
        bbox_xywh: pixels, from the top-left corner of the image.
        corners_swapped: whether the second corner was above or left of the first.
        lesion_numbers: unique in the episode; several where lesions share a mark, none where it is not linked.
        attributes: type, release_name (the flags that are set), conspicuity and classifications.
    """

    bbox_xywh: tuple[float, float, float, float]
    corners_swapped: bool
    lesion_numbers: tuple[str, ...]
    attributes: dict[str, str]


def parse_mark(entry: Any) -> Mark:
    """One mark.

    Raises:
        ValueError: it is no object, or a corner is no number.
    """
    if not isinstance(entry, dict):
        raise ValueError(f'is a {type(entry).__name__}, not an object with {", ".join(EDGES)}')
    x1, y1, x2, y2 = (_number(entry, name) for name in EDGES)
    flags = [flag for names in _TYPES.values() for flag in names if _is_set(entry.get(flag))]
    kind = next((kind for kind, names in _TYPES.items() if set(names) & set(flags)), 'other')
    attributes = {'type': kind, 'release_name': '+'.join(flags)}
    for key, name in _DESCRIPTIONS.items():
        if _is_set(entry.get(key)):
            attributes[name] = str(entry[key])
    return Mark(
        (min(x1, x2), min(y1, y2), abs(x2 - x1), abs(y2 - y1)),
        x2 < x1 or y2 < y1,
        _lesion_numbers(entry.get('LinkedNBSSLesionNumber')),
        attributes,
    )


def _number(entry: dict[str, Any], name: str) -> float:
    try:
        value = float(entry[name])
    except (KeyError, TypeError, ValueError):
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f'{name} {entry.get(name)!r} is not a number')
    return value


def _lesion_numbers(value: Any) -> tuple[str, ...]:
    """``1,2`` as 1 and 2; what is not a number is not linked."""
    parts = [part.strip() for part in str(value if value is not None else '').split(',')]
    return tuple(sorted({str(int(part)) for part in parts if part.isascii() and part.isdigit()}))


def _is_set(value: Any) -> bool:
    return value is not None and str(value).strip().lower() not in _NOT_SET
