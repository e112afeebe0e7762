"""What the annotation file says of the labels of images, breasts and left/right pairs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from mammo_plugins.structures.label_classes import class_of

from .image_names import image_key
from .label_predictions import LabelKey

if TYPE_CHECKING:
    from mammo_plugins.io import AnnotationSet, ImageRecord

Units = dict[LabelKey, list['ImageRecord']]


def label_key(image: ImageRecord, unit: str) -> LabelKey:
    """How the labels of the image, breast or pair that an image belongs to are called."""
    if unit == 'View':
        return LabelKey(*image_key(image)[:3])
    view = image.view_key
    return LabelKey(image.patient_id, image.study_uid, view.laterality.value if unit == 'Side' else view.position.value)


def images_by_unit(annotations: AnnotationSet, unit: str, named: Iterable[LabelKey] = ()) -> Units:
    """The images of each image, breast or pair, in order of first appearance.

    Args:
        annotations: of the images.
        unit: what a label speaks of.
        named: what predictions speak of. A view that they name with its modality is a unit of its own.
    """
    named, units = set(named), {}
    for image in annotations.images:
        key = label_key(image, unit)
        of_modality = key._replace(modality=image.modality)
        if of_modality in named:
            units.setdefault(of_modality, []).append(image)
        if of_modality not in named or key in named:
            units.setdefault(key, []).append(image)
    return units


def true_labels(
    annotations: AnnotationSet,
    units: Units,
    keys: Iterable[LabelKey],
    label: str,
    classes: tuple[str, ...],
    allow_unlabelled: bool = False,
) -> np.ndarray:
    """(n,) class of each key, 0 or 1 where there are no classes; NaN where unknown or none of the classes.

    A breast or pair has the highest class of its images; it is unknown where one of them is, unless another one has
    the highest class there is.

    Args:
        annotations: where the images are from.
        units: from :func:`images_by_unit`.
        keys: n images, breasts or pairs.
        label: ``malignant`` and ``benign`` (of the label or of a finding), ``abnormal`` (BI-RADS not 1 or a finding,
            see ``label_value``), ``mass_birads`` (of the largest mass), or any other label of the file.
        classes: in order; none for a label that is there or not. One may join values of the file (``A/B``).
        allow_unlabelled: a label that no image has is unknown of all keys instead of refused.

    Raises:
        ValueError: no image of the file has the label, or its value is none that the classes can be.
    """
    if not allow_unlabelled:
        require_label(annotations, units, label)
    top = max(len(classes) - 1, 1)
    found = []
    for key in keys:
        values = np.asarray([_class(_raw(annotations, image, label), classes, label) for image in units[key]])
        known = values[~np.isnan(values)]
        decided = len(known) == len(values) or top in known
        found.append(known.max() if len(known) and decided else np.nan)
    return np.asarray(found, np.float64)


def require_label(annotations: AnnotationSet, units: Units, label: str) -> None:
    """Refuses a label that nobody knows.

    Args:
        annotations, units, label: as for :func:`true_labels`.

    Raises:
        ValueError: no image has the label.
    """
    if not any(_raw(annotations, image, label) is not None for images in units.values() for image in images):
        raise ValueError(f'no evaluated image has the label {label!r}: name the column after a label of the file')


def _raw(annotations: AnnotationSet, image: ImageRecord, label: str) -> Any:
    from mammo_plugins.io.image_labels import label_value
    from mammo_plugins.io.mass_birads import MASS_BIRADS, mass_birads  # its package loads pydicom

    if label == MASS_BIRADS:
        return mass_birads(annotations.findings_of(image.id))
    if label in ('malignant', 'benign') and any(f.category == label for f in annotations.findings_of(image.id)):
        return 1
    if label == 'abnormal':
        value = label_value(image.labels, label, bool(annotations.findings_of(image.id)))
        return None if np.isnan(value) else value
    value = image.labels.get(label)
    return None if value == '' else value


def _class(value: Any, classes: tuple[str, ...], label: str) -> float:
    if value is None:
        return np.nan
    if not classes:
        if value in (0, 1):
            return float(value)
        raise ValueError(f'label {label} is {value!r} in the annotation file, and one column tells 0 from 1: predict '
                         f'a column a class, such as {label}={value}')  # fmt: skip
    text = _text(value)
    index = class_of(text, classes)
    if index is None and label == 'birads':
        index = class_of(text[:1], classes)  # 4A, 4B and 4C are BI-RADS 4 for a model that does not tell them apart
    return np.nan if index is None else float(index)


def _text(value: Any) -> str:
    """A class as columns spell it: 2 for 2.0."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()
