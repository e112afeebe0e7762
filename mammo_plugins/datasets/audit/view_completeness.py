"""Exams that lack a view."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from mammo_plugins.structures import Laterality

from .audit_finding import AuditFinding
from .audited_image import AuditedImage


def check_missing_views(images: Sequence[AuditedImage]) -> list[AuditFinding]:
    """Breasts of which one of two directions is missing, and exams of one breast.

    Every view of the craniocaudal family (CC, XCCL, FB, ...) counts as one direction, all others (MLO, ML, LM, ...) as
    the other. Modalities are judged apart. A missing direction is a warning; a missing breast is a note, since
    exams of one breast are common.
    """
    exams: dict[tuple[str, str, str], list[AuditedImage]] = defaultdict(list)
    for image in images:
        exams[image.record.patient_id, image.record.study_uid, image.record.modality].append(image)
    findings = []
    for (patient, study, modality), exam in exams.items():
        where = f'{patient} / {study} / {modality}'
        for side in Laterality:
            breast = [image for image in exam if image.record.view_key.laterality is side]
            ids = tuple(image.record.id for image in (breast or exam))
            if not breast:
                reason = f'no image of the {side.name.lower()} breast'
                findings.append(AuditFinding('missing_view', 'note', where, reason, ids))
                continue
            directions = {image.record.view_key.position.is_craniocaudal for image in breast}
            if len(directions) == 1:
                lacking = 'MLO or lateral' if True in directions else 'CC'
                present = ', '.join(sorted({image.record.view for image in breast}))
                reason = f'no {lacking} view of the {side.name.lower()} breast, only {present}'
                findings.append(AuditFinding('missing_view', 'warning', where, reason, ids))
    return findings
