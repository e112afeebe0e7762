"""Labels of images against their boxes, and lesion ids against breasts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from .audit_finding import AuditFinding
from .audited_image import AuditedImage


def check_labels(images: Sequence[AuditedImage]) -> list[AuditFinding]:
    """Malignant boxes in images that are labelled as not malignant, and malignant images without such a box.

    The latter is a note: releases commonly leave some malignant breasts without boxes.
    """
    findings = []
    for image in images:
        label = image.record.labels.get('malignant')
        if label == 0 and image.has_malignant_finding:
            findings.append(image.report('labels', 'warning', 'has a malignant box, but is labelled as not malignant'))
        if label == 1 and not image.has_malignant_finding:
            findings.append(image.report('labels', 'note', 'is labelled malignant, but no box says where'))
    return findings


def check_lesion_ids(images: Sequence[AuditedImage]) -> list[AuditFinding]:
    """Lesions that lie in more than one breast."""
    breasts: dict[str, dict[tuple[str, str], list[int]]] = defaultdict(lambda: defaultdict(list))
    for image in images:
        for finding in image.findings:
            if finding.lesion_id is not None:
                side = image.record.view_key.laterality.value
                breasts[finding.lesion_id][image.record.patient_id, side].append(image.record.id)
    return [
        AuditFinding(
            'lesion_id',
            'warning',
            f'lesion {lesion}',
            f'lies in {len(found)} breasts: {", ".join(" ".join(breast) for breast in found)}',
            tuple(image_id for ids in found.values() for image_id in ids),
        )
        for lesion, found in breasts.items()
        if len(found) > 1
    ]
