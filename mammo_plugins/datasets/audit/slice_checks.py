"""Slices of findings."""

from __future__ import annotations

from collections.abc import Sequence

from .audit_finding import AuditFinding
from .audited_image import AuditedImage


def check_slices(images: Sequence[AuditedImage]) -> list[AuditFinding]:
    """Slices and visible ranges outside the volume, and ranges that do not hold their slice: errors.

    Findings of a volume without any slice are noted: they cannot be scored in 3-D.
    """
    findings = []
    for image in images:
        last = image.record.num_slices - 1
        for number, finding in image.numbered_findings():
            index, visible = finding.slice_index, finding.slice_range
            if index is not None and not 0 <= index <= last:
                reason = f'slice {index} lies outside the volume, which has slices 0 to {last}'
                findings.append(image.report_box('slice', 'error', number, reason))
            if visible is not None and not 0 <= visible[0] <= visible[1] <= last:
                reason = f'visible slices {visible[0]} to {visible[1]} are no range of slices 0 to {last}'
                findings.append(image.report_box('slice', 'error', number, reason))
            elif visible is not None and index is not None and not visible[0] <= index <= visible[1]:
                reason = f'slice {index} lies outside its visible slices {visible[0]} to {visible[1]}'
                findings.append(image.report_box('slice', 'error', number, reason))
            if index is None and visible is None and last > 0:
                findings.append(image.report_box('slice', 'note', number, 'neither slice nor visible range'))
    return findings
