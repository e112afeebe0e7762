"""What predictions call images: patient, study and view, and the modality too where these do not tell two apart."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .predictions import ImageKey

if TYPE_CHECKING:
    from mammo_plugins.io import ImageRecord


def image_key(image: ImageRecord) -> ImageKey:
    """Patient, study and view of an image: enough where its study shows a view in one modality."""
    return ImageKey(image.patient_id, image.study_uid, image.view_name.lower())


def modality_key(image: ImageRecord) -> ImageKey:
    """The same with its modality, whether or not that is needed."""
    return image_key(image)._replace(modality=image.modality)


def image_keys(images: Sequence[ImageRecord]) -> tuple[ImageKey, ...]:
    """How predictions name each of some images: with its modality where another modality shows the same view."""
    keys = [image_key(image) for image in images]
    modalities: dict[ImageKey, set[str]] = defaultdict(set)
    for key, image in zip(keys, images, strict=True):
        modalities[key].add(image.modality)
    return tuple(
        key._replace(modality=image.modality) if len(modalities[key]) > 1 else key
        for key, image in zip(keys, images, strict=True)
    )


def keys_by_id(images: Sequence[ImageRecord]) -> dict[int, ImageKey]:
    """Id of each image to how predictions name it, see :func:`image_keys`."""
    return dict(zip((image.id for image in images), image_keys(images), strict=True))


def positions_by_name(keys: Sequence[ImageKey], modalities: Sequence[str]) -> dict[ImageKey, int]:
    """Position of each image by what it may be called: its key, and that with its modality.

    Args:
        keys: of the images, by :func:`image_keys`.
        modalities: of the images.
    """
    positions = {key: index for index, key in enumerate(keys)}
    for index, (key, modality) in enumerate(zip(keys, modalities, strict=True)):
        positions.setdefault(key._replace(modality=modality), index)
    return positions
