"""Whether a predicted label does otherwise in a subgroup than in everything else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .evaluate_labels import label_cases
from .functional import draw_patients
from .label_predictions import LabelPredictions
from .label_truth import images_by_unit
from .number_samples import sample_difference
from .subgroups import IMAGE_GROUPS

if TYPE_CHECKING:
    from mammo_plugins.io import AnnotationSet


def label_subgroup_differences(
    predictions: LabelPredictions,
    annotations: AnnotationSet,
    by: str,
    label: str,
    bootstrap: int = 1000,
    seed: int = 0,
    lenient: bool = False,
    allow_unlabelled: bool = False,
) -> dict[str, dict[str, Any]]:
    """The AUC of a label (of one with classes, the mean over them) in each subgroup less that of all other cases.

    Args:
        predictions: what was predicted.
        annotations: the evaluated images.
        by: a grouping of images; a breast or pair is in the group of each of its images.
        label: one of those that are predicted.
        bootstrap: replicates; patients of both sides are drawn together.
        seed: seed of the bootstrap.
        lenient: leave rows of what is not evaluated out instead of refusing them.
        allow_unlabelled: a label that no image has gives differences that do not exist instead of an error.

    Returns:
        Subgroup to the name of the number and the difference in plain values; of two subgroups the first, since the
        other one is its rest; empty where there is one.

    Raises:
        ValueError: there is no such grouping of images, or as for :func:`~.evaluate_labels.evaluate_labels`.
    """
    if by not in IMAGE_GROUPS:
        raise ValueError(f'unknown subgroup {by!r} of labels: choose one of {", ".join(IMAGE_GROUPS)}')
    units = images_by_unit(annotations, predictions.unit, predictions.keys)
    groups_of = {key: {IMAGE_GROUPS[by](image) for image in images} for key, images in units.items()}
    groups = sorted(set().union(*groups_of.values()))
    patients = list(dict.fromkeys(image.patient_id for image in annotations.images))
    draws = draw_patients(len(patients), bootstrap, np.random.default_rng(seed))
    known = [key in groups_of for key in predictions.keys]
    predictions = predictions.keep(known) if lenient else predictions
    found = {}
    for group in groups if len(groups) > 2 else groups[: len(groups) - 1]:
        sides = []
        for inside in (False, True):
            kept = [(group in groups_of.get(key, ())) == inside for key in predictions.keys]
            part = predictions.keep(kept)
            cases, _ = label_cases(part, annotations, label, patients=patients, allow_unlabelled=allow_unlabelled)
            name = 'auc' if cases.probabilities.ndim == 1 else 'macro_auc'
            sides.append(cases.samples(draws)[name])
        found[group] = {'number': name, **sample_difference(*sides).as_dict()}
    return found
