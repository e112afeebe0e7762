"""How classes are shared among splits."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from mammo_plugins.datasets.annotated_image import breast_malignancy
from mammo_plugins.io.annotation_records import SPLITS

from .audit_finding import AuditFinding
from .audit_thresholds import AuditThresholds
from .audited_image import AuditedImage, modality_columns

Row = dict[str, str]

_NO_SPLIT = 'no split'


def check_class_balance(images: Sequence[AuditedImage], thresholds: AuditThresholds) -> list[AuditFinding]:
    """Splits without malignant, or without other breasts; uneven shares; images that no split holds."""
    findings = []
    by_split = _breasts_by_split(images)
    known = {split: [m for m in breasts if not math.isnan(m)] for split, breasts in by_split.items()}
    if len(known) > 1:
        known.pop(_NO_SPLIT, None)  # those images have a finding of their own
    everything = [malignancy for breasts in known.values() for malignancy in breasts]
    for split, malignancy in known.items():
        if not malignancy:
            continue
        for value, what in ((1.0, 'malignant'), (0.0, 'non-malignant')):
            if value not in malignancy:
                reason = f'none of its {len(malignancy)} labelled breasts is {what}'
                findings.append(AuditFinding('class_balance', 'warning', split, reason))
        share, overall = _mean(malignancy), _mean(everything)
        if abs(share - overall) > thresholds.max_share_difference and len(known) > 1:
            reason = f'{share:.0%} of its breasts are malignant, {overall:.0%} of all'
            findings.append(AuditFinding('class_balance', 'note', split, reason))
    unassigned = tuple(image.record.id for image in images if image.record.split is None)
    if unassigned and len(unassigned) < len(images):
        reason = f'{len(unassigned)} of {len(images)} images have no split and are used by none'
        findings.append(AuditFinding('class_balance', 'warning', _NO_SPLIT, reason, unassigned))
    return findings


def class_balance_rows(images: Sequence[AuditedImage]) -> list[Row]:
    """One row a split: patients, breasts by class, images by modality, boxes by category."""
    by_split: dict[str, list[AuditedImage]] = defaultdict(list)
    for image in images:
        by_split[image.record.split or _NO_SPLIT].append(image)
    columns = modality_columns(images)
    rows = [_balance_row(split, by_split[split], columns) for split in (*SPLITS, _NO_SPLIT) if split in by_split]
    return rows + ([_balance_row('all', images, columns)] if len(rows) > 1 else [])


def label_rows(images: Sequence[AuditedImage], label: str, title: str) -> list[Row]:
    """Images by a label, such as ``density``, and split; empty where no image has the label.

    Args:
        images: all images.
        label: its name in the annotation file.
        title: of its column.
    """
    return _rows_by_split(title, ((image.record.labels.get(label), image.record.split) for image in images))


def attribute_rows(images: Sequence[AuditedImage], attribute: str, title: str) -> list[Row]:
    """Findings by an attribute, such as ``match_level``, and split; empty where no finding has the attribute.

    Args:
        images: all images.
        attribute: its name in the annotation file.
        title: of its column.
    """
    found = [(finding.attributes.get(attribute), image.record.split) for image in images for finding in image.findings]
    return _rows_by_split(title, ((None if value is None else str(value), split) for value, split in found))


def _rows_by_split(title: str, values_and_splits: Iterable[tuple[Any, str | None]]) -> list[Row]:
    counts = Counter((value, split or _NO_SPLIT) for value, split in values_and_splits)
    values = sorted({value for value, _ in counts if value is not None}, key=str)
    if not values:
        return []
    splits = [split for split in (*SPLITS, _NO_SPLIT) if any(split == found for _, found in counts)]
    return [
        {title: 'unknown' if value is None else str(value)} | {split: str(counts[value, split]) for split in splits}
        for value in (*values, None)
        if any(counts[value, split] for split in splits)
    ]


def _balance_row(name: str, images: Sequence[AuditedImage], columns: Sequence[str]) -> Row:
    breasts = [m for found in _breasts_by_split(images).values() for m in found]
    malignant, other = breasts.count(1.0), breasts.count(0.0)
    modalities = Counter(image.record.modality_text for image in images)
    boxes = Counter(finding.category for image in images for finding in image.findings)
    return {
        'Split': name,
        'Patients': str(len({image.record.patient_id for image in images})),
        'Breasts': str(len(breasts)),
        'Malignant': f'{malignant} ({malignant / len(breasts):.0%})',
        'Not malignant': str(other),
        'Unknown': str(len(breasts) - malignant - other),
        **{modality: str(modalities[modality]) for modality in columns},
        'Malignant boxes': str(boxes['malignant']),
        'Benign boxes': str(boxes['benign']),
    }


def _breasts_by_split(images: Sequence[AuditedImage]) -> dict[str, list[float]]:
    """Malignancy of each breast of each split: 1, 0 or NaN."""
    breasts: dict[tuple[str, tuple[str, str, str]], list[AuditedImage]] = defaultdict(list)
    for image in images:
        breasts[image.record.split or _NO_SPLIT, image.record.breast_id].append(image)
    by_split: dict[str, list[float]] = defaultdict(list)
    for (split, _), views in breasts.items():
        by_split[split].append(breast_malignancy(views))
    return by_split


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
