"""Images that are in the data more than once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

from .audit_finding import AuditFinding
from .audited_image import AuditedImage, name_first, report_group
from .image_facts import ImageFacts


def check_duplicates(images: Sequence[AuditedImage], facts: Mapping[int, ImageFacts]) -> list[AuditFinding]:
    """Images with the same pixels, the same SOP Instance UID or the same file; each group once.

    Copies within a patient are a warning. Copies across patients or splits are an error: one of them is somebody
    else's image, or training has seen what it is tested on. Blank images are alike without being copies.
    """
    identities: list[tuple[str, str, Callable[[AuditedImage], str | None]]] = [
        ('duplicate_image', 'the same pixels', lambda image: _digest(facts[image.record.id])),
        ('duplicate_file', 'the same SOP Instance UID', lambda image: _instance(facts[image.record.id])),
        ('duplicate_file', 'the same file', lambda image: str(image.path)),
    ]
    findings = []
    told: dict[int, list[frozenset[int]]] = defaultdict(list)  # by image: the groups reported with it
    for check, what, identity in identities:
        groups: dict[str, list[AuditedImage]] = defaultdict(list)
        for image in images:
            if key := identity(image):
                groups[key].append(image)
        for group in groups.values():
            ids = frozenset(image.record.id for image in group)
            if len(ids) > 1 and not any(ids <= earlier for earlier in told[group[0].record.id]):
                for image_id in ids:
                    told[image_id].append(ids)
                findings.append(_duplicate(check, group, what))
    return findings


def _duplicate(check: str, group: Sequence[AuditedImage], what: str) -> AuditFinding:
    patients = {image.record.patient_id for image in group}
    splits = {image.record.split for image in group} - {None}
    crossed = [
        f'{len(values)} {name}' for values, name in ((patients, 'patients'), (splits, 'splits')) if len(values) > 1
    ]
    where = name_first([f'{image.where} in {image.record.split or "no split"}' for image in group], '; ')
    reason = f'{len(group)} images have {what}' + (f', across {" and ".join(crossed)}' if crossed else '')
    return report_group(check, 'error' if crossed else 'warning', where, reason, group)


def _digest(facts: ImageFacts) -> str | None:
    return None if facts.pixels is None or facts.pixels.is_blank else facts.pixels.digest


def _instance(facts: ImageFacts) -> str | None:
    return facts.header.sop_instance_uid if facts.header is not None else None
