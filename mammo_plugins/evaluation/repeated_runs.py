"""A model that was trained several times, each run tested on patients of its own: numbers averaged over the runs.

The bootstrap draws patients within each run, since no patient is in two. Its interval says how far the average would
move with other patients; how far it would move with other runs shows in the values of the runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .breast_scores import scored_breasts
from .detection_truth import truth_to_evaluate
from .evaluate_labels import label_cases
from .evaluate_saliency import sample_saliency
from .functional import draw_patients
from .label_predictions import LabelPredictions
from .matching import locate_images, match_detections
from .number_samples import NumberSample, mean_sample, sample_breast_auc, sample_numbers
from .predictions import Predictions
from .protocols import DetectionProtocol, get_protocol
from .subgroups import findings_of_kind

if TYPE_CHECKING:
    from mammo_plugins.io import AnnotationSet


def sample_run(
    predictions: Predictions,
    annotations: AnnotationSet,
    protocol: str | DetectionProtocol,
    bootstrap: int,
    seed: int,
    lenient: bool = False,
    findings: Mapping[str, str] | None = None,
) -> dict[str, NumberSample]:
    """The numbers of one run of a detector with their replicates, and ``breast_auc``.

    Runs of two models on the same patients are paired when they get the same ``bootstrap`` and ``seed``: replicate r of
    both comes from the same patients.

    Args:
        predictions: what was found.
        annotations: the evaluated images.
        protocol: a name or an object of one's own.
        bootstrap: replicates R, at least 1.
        seed: of the draws.
        lenient: leave what is predicted of other images out instead of refusing it.
        findings: which are to be found, such as ``{'type': 'mass'}``, see :func:`~.subgroups.findings_of_kind`; None
            or empty for all.

    Raises:
        ValueError: no image is evaluated, there is no such finding, or predictions and annotations do not fit together.
    """
    protocol = get_protocol(protocol)
    truth = truth_to_evaluate(annotations)
    draws = draw_patients(len(truth.patients), bootstrap, np.random.default_rng(seed))
    located, image_index, _ = locate_images(predictions, truth, lenient=lenient)
    counted = findings_of_kind(annotations, findings, protocol) if findings else None
    matched = match_detections(located, image_index, truth, protocol, counted)
    samples = sample_numbers(located, image_index, truth, matched, protocol, draws)
    breasts = scored_breasts(located, image_index, truth, counted)
    return samples | {'breast_auc': sample_breast_auc(breasts, draws)}


def sample_label_run(
    predictions: LabelPredictions,
    annotations: AnnotationSet,
    label: str,
    bootstrap: int,
    seed: int,
    lenient: bool = False,
    threshold: float = 0.5,
) -> dict[str, NumberSample]:
    """The numbers of one run of a classifier with their replicates; arguments and pairing as in :func:`sample_run`.

    Args:
        predictions: probabilities of labels.
        label: one of them.
        threshold: probability from which on a label without classes is called present.

    Raises:
        ValueError: no such label, or predictions and annotations do not fit together.
    """
    if label not in predictions.labels:
        raise ValueError(
            f'{predictions.source or "the predictions"}: no label {label!r}, but {", ".join(predictions.labels)}'
        )
    patients = _patients(annotations)
    draws = draw_patients(len(patients), bootstrap, np.random.default_rng(seed))
    cases, _ = label_cases(predictions, annotations, label, lenient, threshold, patients)
    return cases.samples(draws)


def sample_saliency_run(
    folder: str | Path,
    annotations: AnnotationSet,
    category: str,
    bootstrap: int,
    seed: int,
    lenient: bool = False,
    threshold: float = 0.5,
    grid: str = 'map',
) -> dict[str, NumberSample]:
    """The numbers of one run's saliency maps with their replicates; arguments and pairing as in :func:`sample_run`.

    Args:
        folder: the maps.
        category: the class that they speak of.
        threshold: saliency from which on a pixel is called part of a finding.
        grid: what counts, see :func:`~.evaluate_saliency.evaluate_saliency`.

    Raises:
        ValueError: there is no map of the class, or maps and annotations do not fit together.
    """
    draws = draw_patients(len(_patients(annotations)), bootstrap, np.random.default_rng(seed))
    return sample_saliency(folder, annotations, category, draws, threshold, lenient, grid)


def average_runs(runs: Sequence[NumberSample]) -> NumberSample:
    """The mean of a number over independent runs.

    Args:
        runs: the number in each run, with equally many replicates.

    Raises:
        ValueError: there is no run, or their replicates differ in number.
    """
    if not runs:
        raise ValueError('there is no run to average')
    if missing := next((run.missing for run in runs if run.replicates is None), None):
        return NumberSample(float('nan'), missing=missing)
    if len({len(run.replicates) for run in runs}) > 1:
        raise ValueError(f'runs with {sorted({len(run.replicates) for run in runs})} replicates cannot be averaged')
    return mean_sample(runs)


def _patients(annotations: AnnotationSet) -> list[str]:
    return list(dict.fromkeys(image.patient_id for image in annotations.images))
