"""Pixels: blank, inverted or badly windowed images, and boxes that lie beside the breast or mark nothing visible."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .audit_finding import AuditFinding
from .audit_thresholds import AuditThresholds
from .audited_image import AuditedImage
from .file_verdict import pixel_doubts
from .image_facts import ImageFacts, PixelFacts


def check_pixels(
    images: Sequence[AuditedImage], facts: Mapping[int, ImageFacts], thresholds: AuditThresholds
) -> list[AuditFinding]:
    """Everything that decoded images give away, for those that were decoded."""
    findings = []
    for image in images:
        pixels = facts[image.record.id].pixels
        if pixels is None:
            continue
        problems = _check_image(image, pixels, thresholds)
        findings += problems
        if not any(problem.severity != 'note' for problem in problems):  # else the breast was not found reliably
            findings += _check_boxes(image, pixels, thresholds)
    return findings


def _check_image(image: AuditedImage, pixels: PixelFacts, thresholds: AuditThresholds) -> list[AuditFinding]:
    return [image.report(*found) for found in pixel_doubts(pixels, thresholds)]


def _check_boxes(image: AuditedImage, pixels: PixelFacts, thresholds: AuditThresholds) -> list[AuditFinding]:
    findings = []
    for number, box in zip(image.finding_numbers, pixels.boxes, strict=True):
        if box.breast_share < thresholds.min_breast_overlap:
            reason = f'{box.breast_share:.0%} of the box lies on the breast, below {thresholds.min_breast_overlap:.0%}'
            findings.append(image.report_box('box_outside_breast', 'warning', number, reason))
        elif box.contrast is not None and box.contrast < thresholds.min_contrast:
            reason = f'differs by {box.contrast:.2f} spreads from the ring around it, below {thresholds.min_contrast:g}'
            findings.append(image.report_box('box_contrast', 'note', number, reason))
    return findings
