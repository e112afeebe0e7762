"""Headers against the annotation file: readable, and of the size, modality, spacing and vendor that it states."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mammo_plugins.io.mammogram_header import MammogramHeader

from .audit_finding import AuditFinding
from .audit_thresholds import AuditThresholds
from .audited_image import AuditedImage, report_group
from .image_facts import ImageFacts

Spacing = tuple[float, float]


def check_files(images: Sequence[AuditedImage], facts: Mapping[int, ImageFacts]) -> list[AuditFinding]:
    """Files that are missing, no breast image, truncated, or whose pixels cannot be decoded."""
    return [
        image.report('unreadable_file', 'error', f'{problem} (file {image.record.file_name}{_place(image, problem)})')
        for image in images
        if (problem := facts[image.record.id].problem)
    ]


def _place(image: AuditedImage, problem: str) -> str:
    """Where a file was looked for that cannot be opened: data moves without its annotation file."""
    return f', looked for as {image.path}' if problem.startswith('cannot be opened') else ''


def check_headers(
    images: Sequence[AuditedImage], facts: Mapping[int, ImageFacts], thresholds: AuditThresholds
) -> list[AuditFinding]:
    """Size, modality, spacing and manufacturer of each readable header against its record."""
    findings = []
    for image in images:
        header = facts[image.record.id].header
        if header is not None:
            findings += _check_size(image, header)
            findings += [image.report('header_doubt', 'warning', doubt) for doubt in header.doubts]
            findings += _check_modality(image, header)
            findings += _check_spacing(image, header, thresholds)
            findings += _check_manufacturer(image, header)
    return findings


def _check_size(image: AuditedImage, header: MammogramHeader) -> list[AuditFinding]:
    annotated = (image.record.width, image.record.height, image.record.num_slices)
    stored = (header.columns, header.rows, header.num_slices)
    if annotated == stored:
        return []
    named = ['{} x {} pixels, {} slices'.format(*size) for size in (stored, annotated)]
    return [image.report('size_in_header', 'error', f'the file has {named[0]}, the annotation says {named[1]}')]


def _check_modality(image: AuditedImage, header: MammogramHeader) -> list[AuditFinding]:
    # A PNG file states no modality; its reader says FFDM for all of them.
    if header.modality == image.record.modality and header.is_computed and not image.record.computed:
        reason = 'computed by mammo_plugins by its header, which the annotation does not say: set "computed" to true'
        return [image.report('modality_in_header', 'warning', reason)]
    if header.modality == image.record.modality or not header.sop_instance_uid:
        return []
    if header.modality is None:
        return [image.report('modality_in_header', 'note', f'by the header {header.modality_problem}')]
    reason = f'the header says {header.modality}, the annotation {image.record.modality}'
    return [image.report('modality_in_header', 'warning', reason)]


def _check_spacing(image: AuditedImage, header: MammogramHeader, thresholds: AuditThresholds) -> list[AuditFinding]:
    stated, stored = image.record.spacing_mm, header.spacing_mm
    findings = []
    if stated and stored and _differ(stated, stored, thresholds.spacing_tolerance):
        reason = f'the header says {_named(stored)}, the annotation {_named(stated)}'
        findings.append(image.report('spacing', 'warning', reason))
    elif stored and not stated:
        findings.append(image.report('spacing', 'note', f'the header says {_named(stored)}, the annotation nothing'))
    known = stated or stored
    if known and _differ((known[0],) * 2, known, thresholds.spacing_tolerance):
        findings.append(image.report('spacing', 'note', f'pixels of {_named(known)} are not square'))
    return findings


def check_spacing_range(
    images: Sequence[AuditedImage], facts: Mapping[int, ImageFacts], thresholds: AuditThresholds
) -> list[AuditFinding]:
    """One note for each unusual spacing: detectors have a pixel of 0.05 to 0.1 mm; others are scaled, or wrong."""
    groups: dict[str, list[AuditedImage]] = {}
    for image in images:
        header = facts[image.record.id].header
        spacing = image.record.spacing_mm or (header.spacing_mm if header else None)
        if spacing and not thresholds.min_spacing_mm <= min(spacing) <= max(spacing) <= thresholds.max_spacing_mm:
            groups.setdefault(_named(spacing), []).append(image)
    limits = f'{thresholds.min_spacing_mm:g} to {thresholds.max_spacing_mm:g} mm'
    return [
        report_group(
            'spacing',
            'note',
            f'spacing {named}',
            f'{named} in {len(group)} of {len(images)} images; usual are {limits}',
            group,
        )
        for named, group in groups.items()
    ]


def _check_manufacturer(image: AuditedImage, header: MammogramHeader) -> list[AuditFinding]:
    stated = image.record.manufacturer
    if not header.manufacturer or stated == header.manufacturer:
        return []
    reason = f'the header says {header.manufacturer!r}, the annotation {stated or "nothing"!r}'
    return [image.report('manufacturer', 'note', reason)]


def _differ(first: Spacing, second: Spacing, tolerance: float) -> bool:
    return any(abs(a - b) > tolerance * max(a, b) for a, b in zip(first, second))


def _named(spacing_mm: Spacing) -> str:
    return ' x '.join(f'{value:.4g}' for value in spacing_mm) + ' mm'
