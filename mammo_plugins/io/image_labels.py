"""Image labels of an annotation file as numbers, by name: what a classifier learns and is scored against.

NaN is unknown everywhere.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

LABEL_NAMES = ('malignant', 'benign', 'abnormal', 'birads', 'density')
"""Labels that every data set can be asked for; further ones are the file's own."""

_HIGHEST = {'birads': 6.0, 'density': 4.0}  # all other labels are taken for 0 or 1
_DENSITIES = 'ABCD'


def label_value(labels: Mapping[str, Any], name: str) -> float:
    """A label as a number.

    ``abnormal`` is 0 for BI-RADS 1 and 1 for any other; ``birads`` is its category, 4 for 4A to 4C; ``density`` is 1 to
    4 for A to D. Any other label is the number, or the true or false, that the file holds.

    Args:
        labels: of an image record.
        name: of the label.

    Raises:
        ValueError: what the file holds is no number.
    """
    value = labels.get('birads' if name == 'abnormal' else name)
    if value is None:
        return math.nan
    try:
        if name == 'abnormal':
            return float(_birads_category(value) != 1)
        if name == 'birads':
            return float(_birads_category(value))
        if name == 'density':
            return 1.0 + _DENSITIES.index(value)
        return float(value)
    except (TypeError, ValueError) as error:
        raise ValueError(f'label {name}: {value!r} is no number that can be learned or scored') from error


def join_labels(name: str, values: Sequence[float]) -> float:
    """The label of a case from those of its images: the largest, and NaN where an unknown one could be larger."""
    known = [value for value in values if not math.isnan(value)]
    if not known:
        return math.nan
    largest = max(known)
    return math.nan if len(known) < len(values) and largest < _HIGHEST.get(name, 1.0) else largest


def _birads_category(value: Any) -> int:
    return int(str(value).strip()[:1])
