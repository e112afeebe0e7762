"""What a conversion kept, what it left out and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import mammo_plugins
from mammo_plugins.datasets.annotated_image import AnnotatedImage
from mammo_plugins.datasets.grouping import count_cases
from mammo_plugins.io import AnnotationSet, FindingRecord, ImageRecord
from mammo_plugins.io.unknown_findings import LOST_FINDINGS
from mammo_plugins.structures.finding_categories import UNKNOWN_CLASS


class ConversionError(ValueError):
    """A data set that cannot be converted at all, or has nothing to convert."""


@dataclass
class ConversionReport:
    """Collects what happens on the way.

    Attributes:
        dropped: rows, columns and files that are not in the result: ``{'row': where, 'reason': why}``.
        notes: what is in the result although something about it is odd, in the same form: clipped boxes, images
            without labels, labels that contradict boxes.
        counts: events by name.
        lost_findings: how many findings of an image were left out although the release marks them, by image id.
    """

    dropped: list[dict[str, str]] = field(default_factory=list)
    notes: list[dict[str, str]] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    lost_findings: Counter[int] = field(default_factory=Counter)

    def drop(self, where: str, reason: str, count_as: str) -> None:
        """Lists something left out, and counts it under ``dropped_<count_as>``."""
        self.dropped.append({'row': where, 'reason': reason})
        self.counts[f'dropped_{count_as}'] += 1

    def drop_finding(self, where: str, reason: str, count_as: str, image_id: int) -> None:
        """Lists a finding that is left out of its image, which is then not fully annotated.

        Not for one that is there already, or was not asked for.
        """
        self.drop(where, reason, count_as)
        self.lost_findings[image_id] += 1

    def note(self, where: str, reason: str, count_as: str) -> None:
        """Lists something odd that was kept, and counts it."""
        self.notes.append({'row': where, 'reason': reason})
        self.counts[count_as] += 1

    def build(
        self,
        images: Sequence[ImageRecord],
        findings: Sequence[FindingRecord],
        *,
        converter: str,
        source: Path,
        release: str,
        tables: Sequence[str],
    ) -> AnnotationSet:
        """The annotation set with its ``info``.

        Raises:
            ConversionError: there is no image.
        """
        if not images:
            raise ConversionError(f'{source}: no image is left to convert{_first_reasons(self.dropped)}')
        info: dict[str, Any] = {
            'root': source.resolve().as_posix(),
            'converter': converter,
            'converter_version': mammo_plugins.__version__,
            'source': release,
            'release': sorted(tables),
        }
        for image in images:
            if lost := self.lost_findings[image.id]:
                image.labels[LOST_FINDINGS] = lost
        annotation_set = AnnotationSet(list(images), list(findings), info)
        info['counts'] = {
            **count_records(annotation_set),
            'dropped': len(self.dropped),
            **dict(sorted(self.counts.items())),
        }
        info['dropped'] = self.dropped
        info['notes'] = self.notes
        return annotation_set

    def check_split(self, split: str, images: Sequence[ImageRecord], source: Path) -> None:
        """Refuses a split that was asked for and has no image.

        Raises:
            ConversionError: it has none.
        """
        if not any(image.split == split for image in images):
            raise ConversionError(f'{source}: split {split!r} is empty{_first_reasons(self.dropped)}')


def count_records(annotation_set: AnnotationSet) -> dict[str, int]:
    """Images, patients, labels, findings, splits and modalities of a set, as ``info['counts']`` has them."""
    images, findings = annotation_set.images, annotation_set.findings
    counts = {
        'images': len(images),
        'patients': len({image.patient_id for image in images}),
        'positives': sum(image.labels.get('malignant') == 1 for image in images),
        'negatives': sum(image.labels.get('malignant') == 0 for image in images),
        'unlabelled': sum(image.labels.get('malignant') is None for image in images),
        'unannotated_positives': sum(
            image.labels.get('malignant') == 1 and not annotation_set.is_annotated(image) for image in images
        ),
        'malignant_findings': sum(finding.category == 'malignant' for finding in findings),
        'benign_findings': sum(finding.category == 'benign' for finding in findings),
        'findings_of_unknown_class': sum(finding.category == UNKNOWN_CLASS for finding in findings),
        'images_with_lost_findings': sum(LOST_FINDINGS in image.labels for image in images),
        'rotated_180': sum(image.rotated_180 for image in images),
    }
    for name in ('split', 'modality'):
        values = Counter(getattr(image, name) for image in images)
        counts.update({f'images_{value}': count for value, count in values.items() if value is not None})
    return counts | _count_pairs(images)


def _count_pairs(images: Sequence[ImageRecord]) -> dict[str, int]:
    """Views with both a synthetic mammogram and an FFDM, with one of them, and with several that may belong together.

    Empty where a data set has only one of the two.
    """
    if not {'SM', 'FFDM'} <= {image.modality for image in images}:
        return {}
    pairs = count_cases([AnnotatedImage(image, (), Path(image.file_name)) for image in images], 'modalities')
    return {f'sm_ffdm_pairs_{status}': count for status, count in pairs.items()}


def _first_reasons(dropped: Sequence[dict[str, str]]) -> str:
    """The first reasons for the end of an error message."""
    if not dropped:
        return ''
    shown = ''.join(f'\n    {entry["row"]}: {entry["reason"]}' for entry in dropped[:3])
    return f'; left out:{shown}' + (f'\n    and {len(dropped) - 3} more' if len(dropped) > 3 else '')
