"""Audits a data set: records, headers and pixels, with a page to look at."""

from __future__ import annotations

import json
import os
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import mammo_plugins
from mammo_plugins.datasets.audit import (
    CHECKS,
    SEVERITIES,
    AuditedImage,
    AuditFinding,
    AuditThresholds,
    ImageFacts,
    InspectionJob,
    check_conversion,
    check_strict_reading,
    inspect_file,
    is_as_bad_as,
    read_annotations_leniently,
    run_checks,
    threshold_meanings,
    worst_first,
)
from mammo_plugins.datasets.audit.acquisition_tables import box_size_rows, vendor_rows, view_rows
from mammo_plugins.datasets.audit.audited_image import name_first
from mammo_plugins.datasets.audit.check_catalogue import PIXELS
from mammo_plugins.datasets.audit.class_balance import attribute_rows, class_balance_rows, label_rows
from mammo_plugins.datasets.audit.grouping_table import grouping_rows
from mammo_plugins.datasets.parallel_reading import LOST, read_in_parallel
from mammo_plugins.io.whole_file import write_whole
from mammo_plugins.visualization.audit_content import AuditPage, PageCheck, PageFinding, PageTable
from mammo_plugins.visualization.audit_report import write_audit_report

from .pictures import choose_images, draw_pictures

_CHECKS_OF_THE_FORMAT = ('broken_record', 'box_outside_image', 'slice')


@dataclass(frozen=True)
class DatasetAudit:
    """What an audit has found.

    Attributes:
        ann_file: the annotation file.
        images: its usable images.
        facts: image id to what its file holds.
        findings: worst first.
        coverage: what was looked at, in numbers.
        thresholds: limits that were used.
    """

    ann_file: Path
    images: list[AuditedImage]
    facts: dict[int, ImageFacts]
    findings: list[AuditFinding]
    coverage: dict[str, int]
    thresholds: AuditThresholds

    @property
    def counts(self) -> dict[str, int]:
        """Findings by severity, worst first."""
        found = Counter(finding.severity for finding in self.findings)
        return {severity: found[severity] for severity in reversed(SEVERITIES)}

    def has_failed(self, severity: str) -> bool:
        """Whether anything of this severity or worse was found."""
        return any(is_as_bad_as(finding, severity) for finding in self.findings)


def audit_dataset(
    ann_file: str | Path,
    *,
    thresholds: AuditThresholds | None = None,
    read_pixels: bool = True,
    sample: int | None = None,
    seed: int = 0,
    workers: int | None = None,
    show_progress: bool = True,
) -> DatasetAudit:
    """Looks at every record and every header, and at the pixels.

    Nothing about a single record or file stops it: whatever is wrong becomes a finding.

    Args:
        ann_file: annotation file.
        thresholds: limits of the checks; the defaults where None.
        read_pixels: decode images; without it, records and headers only.
        sample: number of images to decode, drawn at random; all where None.
        seed: of the draw.
        workers: processes; one for each processor where None, this process itself where 0.
        show_progress: a progress bar on standard error.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no annotation file, holds no image, or an argument makes no sense.
    """
    if sample is not None and sample < 1:
        raise ValueError(f'a sample of {sample} images shows nothing: give at least 1, or switch pixels off')
    thresholds = thresholds or AuditThresholds()
    read = read_annotations_leniently(ann_file)
    if not any(read.num_records):
        raise ValueError(f'{ann_file} holds no image: there is nothing to audit')
    decoded = _choose_sample(len(read.images), sample, seed) if read_pixels else set()
    jobs = [_job(image, index in decoded) for index, image in enumerate(read.images)]
    processes = os.cpu_count() or 1 if workers is None else workers  # never this one: files may be hostile
    found = read_in_parallel(inspect_file, jobs, _lost_file, workers=processes, show_progress=show_progress)
    facts = {image.record.id: fact for image, fact in zip(read.images, found, strict=True)}
    findings = [*read.findings, *check_conversion(read.info), *run_checks(read.images, facts, thresholds)]
    if not any(finding.severity == 'error' and finding.check in _CHECKS_OF_THE_FORMAT for finding in findings):
        findings += check_strict_reading(ann_file)
    coverage = {
        'image_records': read.num_records[0],
        'finding_records': read.num_records[1],
        'images': len(read.images),
        'headers_read': sum(fact.header is not None for fact in found),
        'pixels_wanted': len(decoded),
        'pixels_read': sum(fact.pixels is not None for fact in found),
    }
    return DatasetAudit(Path(ann_file), read.images, facts, worst_first(findings), coverage, thresholds)


def write_audit_page(audit: DatasetAudit, out: str | Path, *, pictures: int = 48) -> Path:
    """Writes the audit as one HTML file; decodes the images of its contact sheet once more.

    Args:
        audit: what was found.
        out: the HTML file.
        pictures: images on the contact sheet; none where pixels were not looked at.
    """
    chosen = choose_images(audit.images, audit.facts, audit.findings, pictures if _saw_pixels(audit) else 0)
    drawn, notes = draw_pictures(chosen, audit.findings)
    page = AuditPage(
        title=f'Audit of {audit.ann_file.name}',
        facts=[*coverage_sentences(audit), *notes],
        checks=[_page_check(name, audit) for name in CHECKS],
        tables=_tables(audit),
        pictures=drawn,
        limits=_limit_rows(audit.thresholds),
    )
    return write_audit_report(out, page)


def write_audit_json(audit: DatasetAudit, out: str | Path) -> Path:
    """Writes everything but the pictures as JSON."""
    content: dict[str, Any] = {
        'annotations': audit.ann_file.name,
        'version': mammo_plugins.__version__,
        'counts': audit.counts,
        'coverage': audit.coverage,
        'thresholds': asdict(audit.thresholds),
        'checks': {name: _check_counts(name, audit) for name in CHECKS},
        'findings': [asdict(finding) for finding in audit.findings],
        'tables': {table.title: table.rows for table in _tables(audit)},
    }
    write_whole(out, json.dumps(content, indent=1, ensure_ascii=False) + '\n')
    return Path(out)


def coverage_sentences(audit: DatasetAudit) -> list[str]:
    """What was looked at and what was not."""
    seen = audit.coverage
    patients = len({image.record.patient_id for image in audit.images})
    lines = [
        f'{seen["images"]:,} of {seen["image_records"]:,} images of {patients:,} patients and '
        f'{seen["finding_records"]:,} boxes were checked; {seen["headers_read"]:,} headers could be read.'
    ]
    if not _saw_pixels(audit):
        lines.append('Pixels were not looked at (--no-pixels); nothing is known about what only they show.')
    else:
        lines.append(f'The pixels of {seen["pixels_read"]:,} of {seen["pixels_wanted"]:,} images could be decoded.')
        if seen['pixels_wanted'] < seen['images']:
            lines.append(
                f'Only a random sample of {seen["pixels_wanted"]:,} of {seen["images"]:,} images was looked at '
                '(--sample): duplicates and faults in the pixels of the others go unseen.'
            )
    return lines


def _choose_sample(count: int, sample: int | None, seed: int) -> set[int]:
    if sample is None or sample >= count:
        return set(range(count))
    return set(random.Random(seed).sample(range(count), sample))


def _job(image: AuditedImage, read_pixels: bool) -> InspectionJob:
    boxes = tuple((finding.bbox_xywh, finding.slice_index) for finding in image.findings)
    return InspectionJob(image.path, boxes, read_pixels, image.record.rotated_180)


def _lost_file(job: InspectionJob) -> ImageFacts:
    return ImageFacts(problem=LOST)


def _saw_pixels(audit: DatasetAudit) -> bool:
    return audit.coverage['pixels_wanted'] > 0


def _page_check(name: str, audit: DatasetAudit) -> PageCheck:
    check = CHECKS[name]
    findings = [PageFinding(f.severity, _with_images(f), f.reason) for f in audit.findings if f.check == name]
    status = 'nothing found' if check.looks_at != PIXELS or _saw_pixels(audit) else 'not looked at (--no-pixels)'
    return PageCheck(check.title, check.advice, findings, status)


def _with_images(finding: AuditFinding) -> str:
    """Where, and for groups of images the first of them."""
    if not finding.image_ids or 'image ' in finding.where:
        return finding.where
    named = name_first([str(image_id) for image_id in finding.image_ids], ', ')
    return f'{finding.where} ({"images" if len(finding.image_ids) > 1 else "image"} {named})'


def _check_counts(name: str, audit: DatasetAudit) -> dict[str, Any]:
    found = Counter(finding.severity for finding in audit.findings if finding.check == name)
    was_run = CHECKS[name].looks_at != PIXELS or _saw_pixels(audit)
    return {'was_run': was_run, **{severity: found[severity] for severity in reversed(SEVERITIES)}}


def _tables(audit: DatasetAudit) -> list[PageTable]:
    images = audit.images
    return [
        PageTable('Class balance', class_balance_rows(images), 'Breasts count once a split, whatever their views.'),
        PageTable('Manufacturers and spacing', vendor_rows(images, audit.facts), 'Counts in parentheses are images.'),
        PageTable('Views', view_rows(images)),
        PageTable(
            'What can be read together', grouping_rows(images), 'Cases by `group_by` of a data set; see docs/cases.md.'
        ),
        PageTable('Boxes', box_size_rows(images), 'The longer side of each box, where its spacing is known.'),
        PageTable('Density', label_rows(images, 'density', 'Density'), 'Images.'),
        PageTable('BI-RADS', label_rows(images, 'birads', 'BI-RADS'), 'Images.'),
        PageTable(
            'Match level',
            attribute_rows(images, 'match_level', 'Match level'),
            'Boxes of EMBED: 1 was marked on this image, 2 moved from its sibling.',
        ),
    ]


def _limit_rows(thresholds: AuditThresholds) -> Sequence[Mapping[str, str]]:
    return [
        {'Threshold': name, 'Value': f'{getattr(thresholds, name):g}', 'Default': f'{default:g}', 'Meaning': meaning}
        for name, (default, meaning) in threshold_meanings().items()
    ]
