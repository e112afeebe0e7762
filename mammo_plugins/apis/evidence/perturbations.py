"""Changes of the images whose effect on the numbers is measured.

Each is a random transform of the grey scale, drawn anew for every image and always the same for the same one
(:class:`~mammo_plugins.datasets.transforms.RepeatableDraw`), applied to the image as it was read, before it is cropped
and resized. Strengths are those that a site may meet: another window, a lower dose, an archive that compresses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mammo_plugins.io import AnnotationSet

PERTURBATIONS: dict[str, dict[str, Any]] = {
    'window': {'type': 'RandomIntensity', 'gamma': [1.0, 1.0], 'contrast': [0.9, 1.1], 'brightness': 0.1},
    'noise': {'type': 'RandomNoise', 'std': [0.1, 0.1], 'prob': 1.0},
    'blur': {'type': 'RandomBlur', 'sigma': [1.0, 1.0], 'prob': 1.0},
    'jpeg': {'type': 'RandomJPEG', 'quality': [50, 50], 'prob': 1.0},
}
MISSING_VIEW = 'missing-view'
MEANINGS = {
    'window': 'window: width changed by up to 10 %, level shifted by up to 10 % of the grey scale',
    'noise': 'noise: Gaussian, a tenth of the standard deviation of the image',
    'blur': 'blur: Gaussian of 1 pixel',
    'jpeg': 'jpeg: 8 bits, quality 50',
    MISSING_VIEW: 'missing view: no mediolateral image of a breast that has a craniocaudal one',
}
_LOADER = 'LoadMammogram'


def perturbed_loading(loading: Sequence[Mapping[str, Any]], transform: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A chain of loading transforms with a change right behind the one that reads the file.

    Raises:
        ValueError: none of them reads a file, so that the place of the change is unknown.
    """
    chain = [dict(one) for one in loading]
    places = [number for number, one in enumerate(chain) if str(one['type']).split('.')[-1] == _LOADER]
    if not places:
        raise ValueError(f'the loading of the model has no {_LOADER}, behind which images could be changed')
    return [
        *chain[: places[0] + 1],
        {'type': 'RepeatableDraw', 'transform': dict(transform)},
        *chain[places[0] + 1 :],
    ]


def without_second_views(annotations: AnnotationSet) -> AnnotationSet:
    """The images without the mediolateral ones of breasts that have a craniocaudal one, in the same modality."""
    craniocaudal = {
        (*image.breast_id, image.modality) for image in annotations.images if image.view_key.position.is_craniocaudal
    }
    return annotations.keep(
        image.view_key.position.is_craniocaudal or (*image.breast_id, image.modality) not in craniocaudal
        for image in annotations.images
    )
