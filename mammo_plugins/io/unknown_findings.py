"""Findings of which nobody said whether they are malignant or benign: regions that are no background."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from mammo_plugins.structures.finding_categories import UNKNOWN_CLASS

from .image_labels import label_value

if TYPE_CHECKING:
    from .annotation_records import FindingRecord


LOST_FINDINGS = 'lost_findings'
"""Label of an image whose release marks findings that could not be read: how many."""


def may_hide(findings: Iterable[FindingRecord], labels: Mapping[str, Any], categories: Iterable[str]) -> bool:
    """Whether a finding of unknown class, or one that a conversion lost, may be of one of some categories.

    It may, unless the image is known to hold nothing of that category: a region in an image that is labelled not
    malignant is no malignant one.

    Args:
        findings: of an image, or those of them that are no targets by another name.
        labels: of the image.
        categories: ``malignant``, ``benign`` or both.
    """
    unknown = bool(labels.get(LOST_FINDINGS)) or any(finding.category == UNKNOWN_CLASS for finding in findings)
    return unknown and any(label_value(labels, category) != 0 for category in categories)
