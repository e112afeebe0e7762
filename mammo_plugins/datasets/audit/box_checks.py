"""Boxes by their numbers alone: place, size, repetition."""

from __future__ import annotations

from collections.abc import Sequence

from mammo_plugins.io.annotation_records import FindingRecord, ImageRecord

from .audit_finding import AuditFinding
from .audit_thresholds import AuditThresholds
from .audited_image import AuditedImage

_BORDER_TOLERANCE_PX = 1e-6  # that of the annotation format


def check_box_places(images: Sequence[AuditedImage]) -> list[AuditFinding]:
    """Boxes that leave their image, in part or altogether."""
    findings = []
    for image in images:
        width, height = image.record.width, image.record.height
        for number, finding in image.numbered_findings():
            x, y, box_width, box_height = finding.bbox_xywh
            lies_inside = (
                min(x, y) >= -_BORDER_TOLERANCE_PX
                and x + box_width <= width + _BORDER_TOLERANCE_PX
                and y + box_height <= height + _BORDER_TOLERANCE_PX
            )
            if not lies_inside:
                is_gone = x >= width or y >= height or x + box_width <= 0 or y + box_height <= 0
                how = 'altogether outside' if is_gone else 'partly outside'
                reason = f'{_named(finding)} lies {how} the image of {width} x {height} pixels'
                findings.append(image.report_box('box_outside_image', 'error', number, reason))
    return findings


def check_box_sizes(images: Sequence[AuditedImage], thresholds: AuditThresholds) -> list[AuditFinding]:
    """Boxes whose shorter side is too short, or whose longer side is too long, for anything in a breast."""
    findings = []
    for image in images:
        for number, finding in image.numbered_findings():
            if reason := _odd_size(finding, image.record, thresholds):
                findings.append(image.report_box('box_size', 'warning', number, reason))
    return findings


def check_repeated_boxes(images: Sequence[AuditedImage]) -> list[AuditFinding]:
    """Findings that repeat the box, category and slice of another one in their image."""
    findings = []
    for image in images:
        first: dict[tuple[object, ...], int] = {}
        for number, finding in image.numbered_findings():
            content = (finding.category, finding.bbox_xywh, finding.slice_index)
            if content in first:
                reason = f'repeats box {first[content]}: {finding.category} {_named(finding)}'
                findings.append(image.report_box('box_repeated', 'warning', number, reason))
            first.setdefault(content, number)
    return findings


def box_size_mm(finding: FindingRecord, image: ImageRecord) -> tuple[float, float] | None:
    """(width, height) in mm, or None where no spacing is known."""
    if image.spacing_mm is None:
        return None
    row_mm, column_mm = image.spacing_mm
    return finding.bbox_xywh[2] * column_mm, finding.bbox_xywh[3] * row_mm


def _odd_size(finding: FindingRecord, image: ImageRecord, thresholds: AuditThresholds) -> str:
    """What is odd about the size, or an empty text."""
    size_mm = box_size_mm(finding, image)
    if size_mm is not None:
        sides, low, high = size_mm, thresholds.min_box_mm, thresholds.max_box_mm
        named, unit = '{:.3g} x {:.3g} mm'.format(*size_mm), ' mm'
    else:
        sides = (finding.bbox_xywh[2] / image.width, finding.bbox_xywh[3] / image.height)
        low, high, unit = thresholds.min_box_share, thresholds.max_box_share, ' of the image side'
        named = '{:.3g} x {:.3g} of the image (no spacing is known)'.format(*sides)
    if min(sides) < low:
        return f'tiny: {named}, the shorter side is below {low:g}{unit}'
    return f'huge: {named}, the longer side is above {high:g}{unit}' if max(sides) > high else ''


def _named(finding: FindingRecord) -> str:
    return f'({", ".join(f"{value:g}" for value in finding.bbox_xywh)})'
