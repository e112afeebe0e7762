"""Patients that training and testing share."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from .audit_finding import AuditFinding
from .audited_image import AuditedImage, name_first, report_group
from .image_facts import ImageFacts

_MOST_PATIENTS_OF_AN_ID = 5  # more share a placeholder that anonymisation has left, not an identity


def check_patient_splits(images: Sequence[AuditedImage]) -> list[AuditFinding]:
    """Patients of the annotation file whose images lie in more than one split."""
    by_patient: dict[str, list[AuditedImage]] = defaultdict(list)
    for image in images:
        if image.record.split is not None:
            by_patient[image.record.patient_id].append(image)
    return [
        report_group('patient_in_two_splits', 'error', f'patient {patient}', _share(of_patient), of_patient)
        for patient, of_patient in by_patient.items()
        if len(_splits(of_patient)) > 1
    ]


def check_shared_identities(images: Sequence[AuditedImage], facts: Mapping[int, ImageFacts]) -> list[AuditFinding]:
    """Patients of the annotation file that are one by the Study Instance UID or the Patient ID of their headers.

    The headers' values themselves are not reported. A Patient ID that many patients, or all, have in common is a
    placeholder and says nothing. Only DICOM files state either.
    """
    findings = []
    told: set[frozenset[str]] = set()
    everyone = {image.record.patient_id for image in images}
    for name, what in (('study_uid', 'Study Instance UID'), ('patient_id', 'Patient ID')):
        groups: dict[str, list[AuditedImage]] = defaultdict(list)
        for image in images:
            header = facts[image.record.id].header
            if header is not None and header.sop_instance_uid and getattr(header, name):
                groups[getattr(header, name)].append(image)
        for group in groups.values():
            patients = frozenset(image.record.patient_id for image in group)
            is_placeholder = name == 'patient_id' and (len(patients) > _MOST_PATIENTS_OF_AN_ID or patients == everyone)
            if len(patients) < 2 or is_placeholder or patients in told:
                continue
            told.add(patients)
            severity = 'error' if len(_splits(group)) > 1 else 'warning'
            where = f'patients {name_first(sorted(patients), ", ")}'
            reason = f'the headers of their images have the same {what}; {_share(group)}'
            findings.append(report_group('shared_identity', severity, where, reason, group))
    return findings


def _splits(images: Sequence[AuditedImage]) -> list[str]:
    return sorted({image.record.split for image in images if image.record.split is not None})


def _share(images: Sequence[AuditedImage]) -> str:
    """How many images lie in which split, such as ``images in train (3), test (1)``."""
    counts = {split: sum(image.record.split == split for image in images) for split in _splits(images)}
    return f'images in {", ".join(f"{split} ({count})" for split, count in counts.items()) or "no split"}'
