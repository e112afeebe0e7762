"""An image record with its findings and its file, and which of them a data set uses."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mammo_plugins.io.coco_volume import AnnotationSet, FindingRecord, ImageRecord, read_annotations


@dataclass(frozen=True)
class AnnotatedImage:
    """One image as an annotation file describes it.

    Attributes:
        record: the image; its id is unique within the data set.
        findings: every finding of it, whatever its category.
        path: its file or folder.
    """

    record: ImageRecord
    findings: tuple[FindingRecord, ...]
    path: Path

    @property
    def malignancy(self) -> float:
        """1 for malignant (by its label or by a finding), 0 for not, NaN where the annotation file does not say."""
        if self.has_malignant_finding:
            return 1.0
        label = self.record.labels.get('malignant')
        return math.nan if label is None else float(label)

    @property
    def has_malignant_finding(self) -> bool:
        return any(finding.category == 'malignant' for finding in self.findings)


def breast_malignancy(images: Sequence[AnnotatedImage]) -> float:
    """1 where an image is malignant, 0 where none is, NaN where none is known to be and one is unknown."""
    labels = [image.malignancy for image in images]
    if 1.0 in labels:
        return 1.0
    return math.nan if any(map(math.isnan, labels)) else 0.0


def read_annotation_files(ann_files: Sequence[str]) -> list[AnnotationSet]:
    """Each file whole.

    Raises:
        FileNotFoundError: a file is missing; names the commands that make one.
    """
    return [_read_existing(ann_file) for ann_file in ann_files]


def select_images(
    files: Sequence[AnnotationSet],
    modality: str | Sequence[str] | None = None,
    split: str | Sequence[str] | None = None,
) -> list[AnnotatedImage]:
    """Images of some modalities and splits, with their findings.

    Image ids stay as they are in a single file; those of a further file are raised above the largest before it.

    Args:
        files: annotation files, joined in this order.
        modality: one or several of FFDM, SM, DBT; None takes all.
        split: one or several of train, validation, test; None takes all.

    Raises:
        ValueError: nothing is selected, or two files describe the same image.
    """
    selected: list[AnnotatedImage] = []
    found: Counter[tuple[str, str | None]] = Counter()
    first_id = 0
    for whole in files:
        found.update((image.modality, image.split) for image in whole.images)
        part = whole.select(modality=modality, split=split)
        selected.extend(_attach_findings(part, image, first_id) for image in part.images)
        first_id += max((image.id for image in whole.images), default=-1) + 1
    if not selected:
        contents = ', '.join(f'{number} of {kind}/{name}' for (kind, name), number in sorted(found.items(), key=str))
        names = ', '.join(str(whole.path) for whole in files)
        raise ValueError(
            f'no image of modality={modality!r}, split={split!r} in {names}, which hold '
            f'{contents or "no image at all"}: change modality or split, or convert the data again'
        )
    _check_unique(selected)
    return selected


def _read_existing(ann_file: str) -> AnnotationSet:
    if not Path(ann_file).is_file():
        raise FileNotFoundError(
            f'annotation file {ann_file} does not exist. Convert a release that you have:\n'
            f'    python tools/convert_dataset.py bcs-dbt SRC {ann_file}\n'
            'or make synthetic breasts first and convert these:\n'
            f'    python tools/make_phantoms.py SRC --cases 8 --seed 0'
        )
    return read_annotations(ann_file)


def _attach_findings(annotations: AnnotationSet, image: ImageRecord, first_id: int) -> AnnotatedImage:
    record = replace(image, id=image.id + first_id)
    return AnnotatedImage(record, tuple(annotations.findings_of(image.id)), annotations.resolve_path(image))


def _check_unique(images: Sequence[AnnotatedImage]) -> None:
    paths: dict[tuple[str, ...], Path] = {}
    for image in images:
        record = image.record
        key = (record.patient_id, record.study_uid, record.modality, record.view_name)
        if key in paths:
            raise ValueError(
                f'{"/".join(key)} is described twice, by {paths[key]} and {image.path}: '
                'name each annotation file once, and give different patients different ids'
            )
        paths[key] = image.path
