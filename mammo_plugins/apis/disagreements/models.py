"""Files of predictions as models at a threshold that was chosen on other images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mammo_plugins.evaluation import (
    DetectionProtocol,
    Predictions,
    PredictionsError,
    choose_threshold,
    read_predictions,
)
from mammo_plugins.evaluation.disagreements import ComparedModel
from mammo_plugins.evaluation.image_names import image_key, image_keys, positions_by_name
from mammo_plugins.io import AnnotationSet, ImageRecord


@dataclass(frozen=True)
class PredictionFiles:
    """What a model predicted.

    Args:
        name: what the model is called.
        path: CSV in DBTex columns, of the evaluated images.
        threshold_path: that of the images on which the threshold is chosen; None where ``path`` holds them too.
        modality: what the model reads; None where the file or the annotation file tells.
    """

    name: str
    path: str | Path
    threshold_path: str | Path | None = None
    modality: str | None = None


def model_at_threshold(
    files: PredictionFiles,
    annotations: AnnotationSet,
    protocol: DetectionProtocol,
    splits: tuple[str, str],
    fp_per_volume: float,
    lenient: bool,
) -> ComparedModel:
    """Reads a model's predictions and chooses its threshold.

    Args:
        files: of the model.
        annotations: the whole annotation file.
        protocol: says what a false positive is.
        splits: evaluated split, and that on which the threshold is chosen.
        fp_per_volume: false positives an image that the threshold may have there.
        lenient: leave unusable rows, and rows of images that the file does not know, out.

    Raises:
        ValueError: a row is unusable or of an unknown image, nothing tells the modality, or nothing is predicted of the
            images that the threshold is chosen on.
    """
    evaluated, chosen_on = splits
    found = read_predictions(files.path, lenient)
    modality = files.modality or _modality(files, found, annotations)
    of_modality = annotations.select(modality=modality)
    found = _of_modality(found, of_modality, modality, lenient)
    threshold_path = files.threshold_path or files.path
    on_others = found
    if files.threshold_path is not None:
        on_others = _of_modality(read_predictions(files.threshold_path, lenient), of_modality, modality, lenient)
    others = of_modality.select(split=chosen_on)
    if not others.images:
        raise ValueError(
            f'{annotations.path} has no {modality} image of the split {chosen_on!r}, on which the threshold of '
            f'{files.name} is to be chosen: give --threshold-split another one'
        )
    on_others = _of_images(on_others, others.images)
    if not on_others.images:
        raise ValueError(
            f'{threshold_path}: nothing is predicted of the {len(others.images)} {modality} images of the split '
            f'{chosen_on!r}, on which the threshold of {files.name} is to be chosen: give --threshold-from '
            f'{files.name}=CSV with predictions of them'
        )
    return ComparedModel(
        name=files.name,
        predictions=_of_images(found, of_modality.select(split=evaluated).images),
        modality=modality,
        threshold=choose_threshold(on_others, others, protocol, fp_per_volume),
    )


def _modality(files: PredictionFiles, found: Predictions, annotations: AnnotationSet) -> str:
    """The one modality that the predicted images can be of."""
    named = {key.modality for key in found.images if key.modality}
    if not named:
        predicted = set(found.images)
        named = {image.modality for image in annotations.images if image_key(image) in predicted}
    if len(named) == 1:
        return named.pop()
    which = f'{", ".join(sorted(named))} images' if named else 'no image that the annotation file knows'
    raise ValueError(
        f'{files.path} may speak of {which}: say what {files.name} reads, --modality {files.name}=MODALITY'
    )


def _of_modality(found: Predictions, annotations: AnnotationSet, modality: str, lenient: bool) -> Predictions:
    """The predictions of a modality; those of images that its annotations lack are refused."""
    found = found.keep_images(np.array([key.modality in ('', modality) for key in found.images], bool))
    known = _of_images(found, annotations.images)
    if len(known.images) < len(found.images) and not lenient:
        strangers = [key for key in found.images if key not in set(known.images)]
        raise PredictionsError(
            f'{found.source}: {strangers[0]} is no {modality} image of {annotations.path} ({len(strangers)} such '
            'images in all): check the modality and the annotation file, or be lenient (--lenient) to leave them out'
        )
    return known


def _of_images(found: Predictions, images: Sequence[ImageRecord]) -> Predictions:
    known = positions_by_name(image_keys(images), [image.modality for image in images])
    return found.keep_images(np.array([key in known for key in found.images], bool))
