"""What an audit finds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

SEVERITIES = ('note', 'warning', 'error')
"""From worth knowing, over worth looking at, to must be fixed before anybody trains or reports on the data."""


@dataclass(frozen=True)
class AuditFinding:
    """One thing that is wrong or odd.

    Attributes:
        check: name of the check, see :data:`~mammo_plugins.datasets.audit.CHECKS`.
        severity: one of :data:`SEVERITIES`.
        where: the image, box, patient or group of images, by ids of the annotation file.
        reason: what was found and what was expected.
        image_ids: the images that show it; empty where it concerns none in particular.
        finding_number: the box, by its place in the annotation file (from 1), or None.

    Raises:
        ValueError: no such severity.
    """

    check: str
    severity: str
    where: str
    reason: str
    image_ids: tuple[int, ...] = ()
    finding_number: int | None = None

    def __post_init__(self) -> None:
        if self.severity not in SEVERITIES:
            raise ValueError(f'unknown severity {self.severity!r}: expected one of {", ".join(SEVERITIES)}')


def worst_first(findings: Iterable[AuditFinding]) -> list[AuditFinding]:
    """Errors, then warnings, then notes; otherwise in the order given."""
    return sorted(findings, key=lambda finding: -SEVERITIES.index(finding.severity))


def is_as_bad_as(finding: AuditFinding, severity: str) -> bool:
    """Whether a finding is of this severity or worse."""
    return SEVERITIES.index(finding.severity) >= SEVERITIES.index(severity)
