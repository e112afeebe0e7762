"""The annotated images as arrays.

Glossary: I images, G findings, P patients, B breasts (patient, study and side).
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mammo_plugins.structures.finding_categories import UNKNOWN_CLASS

from .image_names import image_keys
from .pixel_grids import PixelGrids
from .predictions import ImageKey

if TYPE_CHECKING:
    from mammo_plugins.io import AnnotationSet, FindingRecord, ImageRecord


@dataclass(frozen=True)
class DetectionTruth:
    """What is known about the evaluated images.

    Args:
        images: what predictions call the I images, in the order of the annotation file.
        modalities: (I,) ``FFDM``, ``SM`` or ``DBT``.
        num_slices: (I,), 0 where unknown.
        slice_spacing_mm: (I,) distance of neighbouring slices, NaN where unknown.
        malignant: (I,) image label; a malignant finding implies it.
        benign: (I,) image label as 0, 1 or NaN where unknown; a benign finding implies it.
        patients, patient_index: the P patients and (I,) the patient of each image.
        breasts, breast_index: the B breasts as (patient, study, side) and (I,) the breast of each image.
        boxes_xywh: (G, 4) in stored pixels.
        image_index: (G,) image of each finding.
        slice_index: (G,) most suspicious stored slice, NaN where none is annotated.
        first_slice, last_slice: (G,) visible range, NaN where none is annotated.
        categories: (G,) category names.
        types: (G,) finding types such as ``mass``, empty where unknown.
        grids: how the pixels of the images compare with those of other modalities.
    """

    images: tuple[ImageKey, ...]
    modalities: tuple[str, ...]
    num_slices: np.ndarray
    slice_spacing_mm: np.ndarray
    malignant: np.ndarray
    benign: np.ndarray
    patients: tuple[str, ...]
    patient_index: np.ndarray
    breasts: tuple[tuple[str, str, str], ...]
    breast_index: np.ndarray
    boxes_xywh: np.ndarray
    image_index: np.ndarray
    slice_index: np.ndarray
    first_slice: np.ndarray
    last_slice: np.ndarray
    categories: np.ndarray
    types: np.ndarray
    grids: PixelGrids

    def has_finding(self, category: str) -> np.ndarray:
        """(I,) whether an image has an annotated finding of a category."""
        present = np.zeros(len(self.images), bool)
        present[self.image_index[self.categories == category]] = True
        return present

    def is_target(self, targets: Collection[str]) -> np.ndarray:
        """(G,) which findings are of some categories or finding types."""
        return np.isin(self.categories, list(targets)) | np.isin(self.types, list(targets))

    @property
    def unannotated(self) -> np.ndarray:
        """(I,) malignant images without a malignant box, or with a finding that may be malignant or not."""
        return self.malignant & (~self.has_finding('malignant') | self.has_finding(UNKNOWN_CLASS))

    def hides_target(self, targets: Collection[str]) -> np.ndarray:
        """(I,) images that may show a target which nobody marked.

        Of categories these are the :attr:`unannotated` ones. Where a finding type is looked for, they are images that
        are called malignant or benign and have no such finding, and those with a finding of unknown type.
        """
        if set(targets) <= {'malignant', 'benign', UNKNOWN_CLASS}:
            return self.unannotated
        untyped = np.zeros(len(self.images), bool)
        untyped[self.image_index[(self.types == '') & ~self.is_target(targets)]] = True
        labelled = {'malignant': self.malignant, 'benign': self.benign == 1}
        return untyped | np.logical_or.reduce([label & ~self.has_finding(name) for name, label in labelled.items()])


def truth_from_annotations(annotations: AnnotationSet) -> DetectionTruth:
    """The arrays of an annotation set.

    Raises:
        ValueError: two images have the same patient, study, view name and modality, or it is unknown whether one is
            malignant.
    """
    images, findings = annotations.images, annotations.findings
    keys = image_keys(images)
    _refuse_ambiguous(keys)
    position = {image.id: i for i, image in enumerate(images)}
    image_index = np.asarray([position[finding.image_id] for finding in findings], np.int64)
    categories = np.asarray([finding.category for finding in findings], dtype=np.str_)
    malignant, benign = (_image_labels(images, image_index, categories, name) for name in ('malignant', 'benign'))
    _refuse_unknown(keys, malignant)
    patients, patient_index = _enumerated(image.patient_id for image in images)
    breasts, breast_index = _enumerated(image.breast_id for image in images)
    slices = np.asarray([_finding_slices(finding) for finding in findings], np.float64).reshape(-1, 3)
    return DetectionTruth(
        images=keys,
        modalities=tuple(image.modality for image in images),
        num_slices=np.asarray([image.num_slices for image in images], np.int64),
        slice_spacing_mm=np.asarray([image.slice_spacing_mm or np.nan for image in images], np.float64),
        malignant=malignant == 1,
        benign=benign,
        patients=patients,
        patient_index=patient_index,
        breasts=breasts,
        breast_index=breast_index,
        boxes_xywh=np.asarray([finding.bbox_xywh for finding in findings], np.float64).reshape(-1, 4),
        image_index=image_index,
        slice_index=slices[:, 0],
        first_slice=slices[:, 1],
        last_slice=slices[:, 2],
        categories=categories,
        types=np.asarray([finding.attributes.get('type') or '' for finding in findings], dtype=np.str_),
        grids=PixelGrids(annotations),
    )


def is_target(finding: FindingRecord, targets: Collection[str]) -> bool:
    """Whether a finding is of one of some categories or finding types."""
    return finding.category in targets or finding.attributes.get('type') in targets


def truth_to_evaluate(annotations: AnnotationSet) -> DetectionTruth:
    """The arrays of an annotation set that is to be scored.

    Raises:
        ValueError: as for :func:`truth_from_annotations`, or there is no image.
    """
    if not annotations.images:
        raise ValueError('no image to evaluate: the annotation file, split or modality selects none')
    return truth_from_annotations(annotations)


def _finding_slices(finding: FindingRecord) -> tuple[float, float, float]:
    """Annotated slice, first and last visible slice; NaN for what is unknown."""
    slice_index = np.nan if finding.slice_index is None else finding.slice_index
    return (slice_index, *(finding.slice_range or (np.nan, np.nan)))


def _image_labels(
    images: list[ImageRecord], finding_image: np.ndarray, categories: np.ndarray, name: str
) -> np.ndarray:
    """(I,) 0 or 1, NaN where neither a label nor a finding says so."""
    values = [image.labels.get(name) for image in images]
    labels = np.asarray([np.nan if value is None else value for value in values], np.float64)
    labels[finding_image[categories == name]] = 1
    return labels


def _refuse_unknown(keys: tuple[ImageKey, ...], malignant: np.ndarray) -> None:
    unknown = np.flatnonzero(np.isnan(malignant))
    if len(unknown):
        raise ValueError(
            f'image {keys[unknown[0]]} has no label that says whether it is malignant ({len(unknown)} such images): '
            'set labels.malignant to 0 or 1 in the annotation file'
        )


def _enumerated(values: Iterable[Hashable]) -> tuple[tuple, np.ndarray]:
    """Distinct values in order of first appearance, and the position of each value among them."""
    seen: dict[Hashable, int] = {}
    index = np.asarray([seen.setdefault(value, len(seen)) for value in values], np.int64)
    return tuple(seen), index


def _refuse_ambiguous(keys: tuple[ImageKey, ...]) -> None:
    seen: set[ImageKey] = set()
    for key in keys:
        if key in seen:
            raise ValueError(
                f'two evaluated images are called {key}, so predictions cannot tell them apart: give each image of a '
                'modality its own view_name'
            )
        seen.add(key)
