"""Smaller versions of a data set: fewer patients, or fewer patients whose findings are marked."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence, Sized
from dataclasses import replace

from mmengine.logging import print_log

from .annotated_image import AnnotatedImage


class PatientSubset:
    """Keeps a share of the patients, and the boxes of a share of the malignant ones.

    Patients are put in an order that depends on the seed and their id alone, and the first of them are kept. A smaller
    share is therefore part of a larger one, whichever other patients there are. Malignant patients and others are
    counted apart, so that both keep their share, one patient at least.

    Source: M&M-3D, section 4.3 (10 and 40 % of the data; annotations for 2, 16 and 40 % of the malignant breasts).

    Args:
        patient_fraction: share of the patients to keep, above 0.
        annotated_fraction: share of the malignant patients that keep their boxes; the others keep images and labels.
            None keeps all boxes there are.
        seed: of the order.

    Raises:
        ValueError: a share is not in (0, 1].
    """

    def __init__(self, patient_fraction: float = 1.0, annotated_fraction: float | None = None, seed: int = 0) -> None:
        for name, value in (('patient_fraction', patient_fraction), ('annotated_fraction', annotated_fraction)):
            if value is not None and not 0 < value <= 1:
                raise ValueError(f'{name} must be in (0, 1], got {value}')
        self.patient_fraction = patient_fraction
        self.annotated_fraction = annotated_fraction
        self.seed = seed

    def select(self, images: Sequence[AnnotatedImage]) -> list[AnnotatedImage]:
        """The images of the patients that are kept, without the boxes that are not.

        Raises:
            ValueError: fewer malignant patients are annotated than are to keep their boxes.
        """
        if self.patient_fraction < 1:
            images = self._keep_patients(images)
        return list(images) if self.annotated_fraction is None else self._keep_boxes(images)

    def _keep_patients(self, images: Sequence[AnnotatedImage]) -> list[AnnotatedImage]:
        malignant = _malignant_patients(images)
        everyone = {image.record.patient_id for image in images}
        kept = {
            patient
            for group in (malignant, everyone - malignant)
            for patient in self._in_order(group)[: _share(self.patient_fraction, group)]
        }
        print_log(f'CaseDataset: keeps {len(kept)} of {len(everyone)} patients by subset', logger='current')
        return [image for image in images if image.record.patient_id in kept]

    def _keep_boxes(self, images: Sequence[AnnotatedImage]) -> list[AnnotatedImage]:
        malignant = _malignant_patients(images)
        annotated = {image.record.patient_id for image in images if image.has_malignant_finding}
        wanted = _share(self.annotated_fraction, malignant)
        if wanted > len(annotated):
            raise ValueError(
                f'annotated_fraction={self.annotated_fraction} asks for the boxes of {wanted} malignant patients, and '
                f'{len(annotated)} of {len(malignant)} have any'
            )
        kept = set(self._in_order(annotated)[:wanted])
        print_log(f'CaseDataset: keeps the boxes of {wanted} of {len(malignant)} malignant patients', logger='current')
        return [image if image.record.patient_id in kept else _without_boxes(image) for image in images]

    def _in_order(self, patients: Iterable[str]) -> list[str]:
        return sorted(patients, key=lambda patient: hashlib.sha256(f'{self.seed}/{patient}'.encode()).digest())


def _share(fraction: float, patients: Sized) -> int:
    return min(len(patients), max(1, round(fraction * len(patients))))


def _malignant_patients(images: Sequence[AnnotatedImage]) -> set[str]:
    labels = defaultdict(list)
    for image in images:
        labels[image.record.patient_id].append(image.malignancy)
    return {patient for patient, values in labels.items() if 1.0 in values}


def _without_boxes(image: AnnotatedImage) -> AnnotatedImage:
    """The image with its malignant findings taken away, and the label that they implied put down."""
    if not image.has_malignant_finding:
        return image
    record = replace(image.record, labels={**image.record.labels, 'malignant': 1})
    return replace(
        image, record=record, findings=tuple(finding for finding in image.findings if finding.category != 'malignant')
    )
