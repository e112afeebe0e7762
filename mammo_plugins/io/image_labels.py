"""Image labels of an annotation file as numbers, by name: what a classifier learns and is scored against.

NaN is unknown everywhere.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from mammo_plugins.structures.label_classes import BIRADS_GRADES, class_numbers

from .mass_birads import MASS_BIRADS

LABEL_NAMES = ('malignant', 'benign', 'abnormal', 'birads', 'density', MASS_BIRADS)
"""Labels that every data set can be asked for; further ones are the file's own."""

_HIGHEST = {
    'birads': 6.0,
    'density': 4.0,
    MASS_BIRADS: float(len(BIRADS_GRADES) - 1),
}  # all other labels are taken for 0 or 1


def label_value(labels: Mapping[str, Any], name: str, has_findings: bool = False) -> float:
    """A label as a number.

    ``abnormal`` is 1 where a finding is marked or the image is labelled malignant or benign; else it is the file's own
    label of this name; else 0 for BI-RADS 1 and 1 for any other. ``birads`` is its category, 4 for 4A to 4C;
    ``density`` is 1 to 4 for A to D. Any other label is the number, or the true or false, that the file holds.

    Args:
        labels: of an image record.
        name: of the label.
        has_findings: whether a finding is marked in the image.

    Raises:
        ValueError: what the file holds is no number.
    """
    if name == 'abnormal':
        return _abnormality(labels, has_findings)
    return _number(labels, name)


def join_labels(name: str, values: Sequence[float]) -> float:
    """The label of a case from those of its images: the largest, and NaN where an unknown one could be larger."""
    known = [value for value in values if not math.isnan(value)]
    if not known:
        return math.nan
    largest = max(known)
    return math.nan if len(known) < len(values) and largest < _HIGHEST.get(name, 1.0) else largest


def _number(labels: Mapping[str, Any], name: str) -> float:
    value = labels.get(name)
    if value is None:
        return math.nan
    try:
        if name == 'birads':
            return float(_birads_category(value))
        if name == 'density':
            return class_numbers(name, value)[0]
        return float(value)
    except (TypeError, ValueError) as error:
        raise ValueError(f'label {name}: {value!r} is no number that can be learned or scored') from error


def _abnormality(labels: Mapping[str, Any], has_findings: bool) -> float:
    if has_findings or 1.0 in (_number(labels, name) for name in ('malignant', 'benign')):
        return 1.0
    own, birads = _number(labels, 'abnormal'), _number(labels, 'birads')
    return own if not math.isnan(own) or math.isnan(birads) else float(birads != 1)


def _birads_category(value: Any) -> int:
    return int(str(value).strip()[:1])
