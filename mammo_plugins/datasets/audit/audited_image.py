"""An image as the audit looks at it: its record, its findings with their places in the file, and its path."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mammo_plugins.datasets.annotated_image import AnnotatedImage
from mammo_plugins.io.annotation_records import MODALITIES, FindingRecord

from .audit_finding import AuditFinding


@dataclass(frozen=True)
class AuditedImage(AnnotatedImage):
    """An image and its findings.

    Attributes:
        finding_numbers: place of each finding in the annotation file, from 1.
    """

    finding_numbers: tuple[int, ...] = ()

    @property
    def where(self) -> str:
        """The image by ids of the annotation file."""
        record = self.record
        names = (record.patient_id, record.study_uid, record.view_name, record.modality_text)
        return f'image {record.id} ({" / ".join(names)})'

    def numbered_findings(self) -> Iterator[tuple[int, FindingRecord]]:
        """Each finding with its place in the file."""
        return zip(self.finding_numbers, self.findings, strict=True)

    def report(self, check: str, severity: str, reason: str) -> AuditFinding:
        """Something about the image."""
        return AuditFinding(check, severity, self.where, reason, (self.record.id,))

    def report_box(self, check: str, severity: str, number: int, reason: str) -> AuditFinding:
        """Something about one of its findings."""
        return AuditFinding(check, severity, f'box {number}, {self.where}', reason, (self.record.id,), number)


def modality_columns(images: Sequence[AuditedImage]) -> list[str]:
    """Columns of tables by modality; computed images have one of their own, where there are any."""
    others = {image.record.modality_text for image in images}.difference(MODALITIES)
    return [*MODALITIES, *sorted(others)]


def name_first(names: Sequence[str], separator: str, shown: int = 6) -> str:
    """The first of several names, and how many more there are."""
    rest = len(names) - shown
    return separator.join(names[:shown]) + (f'{separator}{rest} more' if rest > 0 else '')


def report_group(check: str, severity: str, where: str, reason: str, images: Sequence[AuditedImage]) -> AuditFinding:
    """Something about several images."""
    return AuditFinding(check, severity, where, reason, tuple(image.record.id for image in images))
