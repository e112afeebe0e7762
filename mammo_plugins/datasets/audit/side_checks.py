"""Side, view, way up and purpose: what annotation file, header and pixels say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .audit_finding import AuditFinding
from .audit_thresholds import AuditThresholds
from .audited_image import AuditedImage, report_group
from .file_verdict import judge_chest_wall
from .image_facts import ImageFacts


def check_views_in_headers(images: Sequence[AuditedImage], facts: Mapping[int, ImageFacts]) -> list[AuditFinding]:
    """Side and projection of the header against those of the record.

    A header that claims the other side is only noted where the record says that the image is stored turned by 180
    degrees, since that is how such volumes of BCS-DBT come about.
    """
    findings = []
    without: dict[str, list[AuditedImage]] = {}
    for image in images:
        header = facts[image.record.id].header
        if header is None:
            continue
        annotated, stated = image.record.view_key, header.view
        if stated is None:
            # A PNG has no header, and its name is the release's: nothing is missing there.
            if header.sop_class_uid or header.sop_instance_uid:
                without.setdefault(header.view_problem or 'side or projection is absent', []).append(image)
        elif stated.position != annotated.position:
            reason = f'the header says {stated}, the annotation {annotated}'
            findings.append(image.report('view_in_header', 'warning', reason))
        elif stated.laterality != annotated.laterality:
            turned = image.record.rotated_180
            reason = f'the header says {stated}, the annotation {annotated}'
            reason += ' and that the image is stored turned by 180 degrees' if turned else ''
            findings.append(image.report('view_in_header', 'note' if turned else 'warning', reason))
    return findings + [_report_without_view(reason, group, len(images)) for reason, group in without.items()]


def _report_without_view(reason: str, group: Sequence[AuditedImage], count: int) -> AuditFinding:
    """One note for all headers that lack a view in the same way."""
    reason = f'the header gives no view: {reason}'
    if len(group) == 1:
        return group[0].report('view_in_header', 'note', reason)
    return report_group('view_in_header', 'note', 'headers', f'{len(group)} of {count} images: {reason}', group)


def check_way_up(images: Sequence[AuditedImage], facts: Mapping[int, ImageFacts]) -> list[AuditFinding]:
    """Images that cannot be turned upright, and headers whose Patient Orientation does not fit the pixels."""
    findings = []
    for image in images:
        pixels = facts[image.record.id].pixels
        if pixels is not None and pixels.way_up_problem:
            findings.append(image.report('way_up', 'error', pixels.way_up_problem))
        elif pixels is not None and pixels.way_up_doubt:
            findings.append(image.report('way_up', 'note', pixels.way_up_doubt))
    return findings


def check_purpose(images: Sequence[AuditedImage], facts: Mapping[int, ImageFacts]) -> list[AuditFinding]:
    """Files that are no image of a breast to find lesions in, and headers that contradict themselves."""
    findings = []
    for image in images:
        header = facts[image.record.id].header
        if header is not None and header.unfit:
            findings.append(image.report('purpose', 'error', header.unfit))
        elif header is not None:
            findings += [image.report('purpose', 'note', doubt) for doubt in header.doubts]
    return findings


def check_chest_wall(
    images: Sequence[AuditedImage], facts: Mapping[int, ImageFacts], thresholds: AuditThresholds
) -> list[AuditFinding]:
    """The edge that the breast touches against the annotated side, as in :func:`~.file_verdict.judge_chest_wall`."""
    return [
        image.report('chest_wall', *found)
        for image in images
        for found in judge_chest_wall(
            facts[image.record.id], image.record.view_key, image.record.rotated_180, thresholds
        )
    ]
