"""How images were taken and stored: special views, implants, polarity, windows, raw data."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from .audit_finding import AuditFinding
from .audit_thresholds import AuditThresholds
from .audited_image import AuditedImage, report_group
from .file_verdict import special_view
from .image_facts import ImageFacts


def check_special_views(
    images: Sequence[AuditedImage], facts: Mapping[int, ImageFacts], thresholds: AuditThresholds
) -> list[AuditFinding]:
    """Magnification and spot views, by their view modifiers or their magnification factor."""
    return [
        image.report('special_view', 'warning', reason)
        for image in images
        if (reason := special_view(facts[image.record.id], thresholds))
    ]


def check_computed(images: Sequence[AuditedImage]) -> list[AuditFinding]:
    """One note on the SM that were computed from volumes, and no vendor's system made."""
    synthetic = [image for image in images if image.record.modality == 'SM']
    computed = [image for image in synthetic if image.record.computed]
    if not computed:
        return []
    reason = f'{len(computed)} of {len(synthetic)} SM images were computed from volumes, by no system of a vendor'
    return [report_group('computed', 'note', 'SM', reason, computed)]


def check_implants(images: Sequence[AuditedImage], facts: Mapping[int, ImageFacts]) -> list[AuditFinding]:
    """Breasts with implants, by Breast Implant Present or an implant displaced view."""
    findings = []
    for image in images:
        header = facts[image.record.id].header
        if header is not None and 'implant displaced' in header.view_modifiers:
            findings.append(image.report('implant', 'note', 'implant displaced view'))
        elif header is not None and header.has_implant:
            findings.append(image.report('implant', 'note', 'Breast Implant Present is YES'))
    return findings


def check_intensity_states(images: Sequence[AuditedImage], facts: Mapping[int, ImageFacts]) -> list[AuditFinding]:
    """MONOCHROME1 images and the VOI state, one note a vendor and modality; raw images.

    Images of one vendor and modality that are shown in different ways, such as some with and some without a window,
    are a warning, and so are raw images beside others.
    """
    findings = []
    for (vendor, modality), group in _groups(images, facts).items():
        name = f'{vendor or "unknown vendor"}, {modality}'
        inverted = [i for i in group if facts[i.record.id].header.photometric_interpretation == 'MONOCHROME1']
        if inverted:
            reason = f'{len(inverted)} of {len(group)} images are MONOCHROME1; they are inverted when read'
            findings.append(report_group('monochrome1', 'note', name, reason, inverted))
        findings += _check_voi(name, group, facts)
    return findings + _check_raw(images, facts)


def _check_voi(name: str, group: Sequence[AuditedImage], facts: Mapping[int, ImageFacts]) -> list[AuditFinding]:
    states: dict[str, list[AuditedImage]] = defaultdict(list)
    for image in group:
        states[facts[image.record.id].voi].append(image)
    states.pop('raw', None)
    states.pop('PNG', None)
    findings = []
    if len(states) > 1:
        rarest = min(states.values(), key=len)
        reason = 'shown in different ways: ' + ', '.join(f'{len(members)} by {voi}' for voi, members in states.items())
        findings.append(report_group('voi', 'warning', name, reason, rarest))
    elif 'none' in states:
        reason = f'all {len(states["none"])} images have neither a window nor a VOI table; all stored bits are used'
        findings.append(report_group('voi', 'note', name, reason, states['none']))
    several = [image for image in group if facts[image.record.id].num_windows > 1]
    if several:
        reason = f'{len(several)} images have several windows; the first is used'
        findings.append(report_group('voi', 'note', name, reason, several))
    return findings


def _check_raw(images: Sequence[AuditedImage], facts: Mapping[int, ImageFacts]) -> list[AuditFinding]:
    findings = []
    by_modality: dict[str, list[AuditedImage]] = defaultdict(list)
    for image in images:
        if facts[image.record.id].header is not None:
            by_modality[image.record.modality].append(image)
    for modality, group in by_modality.items():
        raw = [image for image in group if facts[image.record.id].header.for_processing]
        if raw:
            severity = 'note' if len(raw) == len(group) else 'warning'
            reason = f'{len(raw)} of {len(group)} images are FOR PROCESSING'
            findings.append(report_group('raw_image', severity, modality, reason, raw))
    return findings


def check_vendor_splits(images: Sequence[AuditedImage]) -> list[AuditFinding]:
    """Vendors that are tested on and never trained on, where the data has a training split."""
    splits: dict[str, set[str]] = defaultdict(set)
    for image in images:
        if image.record.split is not None:
            splits[image.record.manufacturer].add(image.record.split)
    if not any('train' in found for found in splits.values()):
        return []
    return [
        report_group(
            'manufacturer',
            'note',
            vendor or 'unknown vendor',
            f'only in {", ".join(sorted(found))}, never in train',
            [image for image in images if image.record.manufacturer == vendor],
        )
        for vendor, found in splits.items()
        if 'train' not in found
    ]


def _groups(
    images: Sequence[AuditedImage], facts: Mapping[int, ImageFacts]
) -> dict[tuple[str, str], list[AuditedImage]]:
    """Images with a header by vendor and modality."""
    groups: dict[tuple[str, str], list[AuditedImage]] = defaultdict(list)
    for image in images:
        header = facts[image.record.id].header
        if header is not None:
            groups[image.record.manufacturer or header.manufacturer, image.record.modality].append(image)
    return groups
