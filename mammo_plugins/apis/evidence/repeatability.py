"""How far predictions of the same images differ from run to run."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from mammo_plugins.evaluation import Predictions
from mammo_plugins.io import AnnotationSet

from .list_predictor import ListPredictor
from .predicted import PredictedList


def measure_repeatability(annotations: AnnotationSet, predictor: ListPredictor, most_images: int) -> dict[str, Any]:
    """Predicts some images again: once more, two cases at a time, and on the other kind of device where there is one.

    Args:
        annotations: the images of the list.
        predictor: the model.
        most_images: the first studies of the list with so many images together are predicted.
    """
    part = _first_studies(annotations, most_images)
    first = predictor.predict(part, title='once')
    runs = {
        'the same again': predictor.predict(part, title='again'),
        'two cases at a time': predictor.predict(part, batch_size=2, title='two at a time'),
    }
    other = 'cpu' if predictor.device.type == 'cuda' else 'cuda' if torch.cuda.is_available() else None
    if other is not None:
        runs[f'on {other}'] = predictor.on(other).predict(part, title=other)
    return {
        'images': len(part.images),
        'device': first.device,
        'runs': [{'run': name, **largest_differences(first, run)} for name, run in runs.items()],
        'not_done': '' if other is not None else 'there is no GPU to compare with',
    }


def largest_differences(first: PredictedList, second: PredictedList) -> dict[str, Any]:
    """How far two predictions of the same images are apart, at most.

    Returns:
        ``score`` of findings, ordered by score within each image; ``image_score``; ``label`` probabilities; each None
        where there is nothing to compare. ``other_number`` counts the images with another number of findings, whose
        findings cannot be compared one by one.
    """
    findings, image_scores, other_number = None, None, 0
    if first.findings is not None and second.findings is not None:
        findings, other_number = _of_findings(first.findings, second.findings)
        image_scores = _of_images(first.findings, second.findings)
    return {
        'score': findings,
        'image_score': image_scores,
        'label': _of_labels(first, second),
        'other_number': other_number,
    }


def _first_studies(annotations: AnnotationSet, most: int) -> AnnotationSet:
    chosen: set[int] = set()
    by_study: dict[tuple[str, ...], list[int]] = {}
    for image in annotations.images:
        by_study.setdefault(image.breast_id[:2], []).append(image.id)
    for ids in by_study.values():
        if chosen and len(chosen) + len(ids) > most:
            break
        chosen.update(ids)
    return annotations.keep(image.id in chosen for image in annotations.images)


def _of_findings(first: Predictions, second: Predictions) -> tuple[float | None, int]:
    largest, other_number = None, 0
    for key in dict.fromkeys([*first.images, *second.images]):
        one, other = (_sorted_scores(predictions, key) for predictions in (first, second))
        if len(one) != len(other):
            other_number += 1
        elif len(one):
            largest = max(largest or 0.0, float(np.abs(one - other).max()))
    return largest, other_number


def _sorted_scores(predictions: Predictions, key: Any) -> np.ndarray:
    if key not in predictions.images:
        return np.zeros(0)
    return np.sort(predictions.scores[predictions.image_index == predictions.images.index(key)])


def _of_images(first: Predictions, second: Predictions) -> float | None:
    if first.image_scores is None or second.image_scores is None:
        return None
    others = dict(zip(second.images, second.image_scores.tolist()))
    return max((abs(s - others[key]) for key, s in zip(first.images, first.image_scores.tolist()) if key in others),
               default=None)  # fmt: skip


def _of_labels(first: PredictedList, second: PredictedList) -> float | None:
    largest = None
    tables = {table.unit: table for table in second.labels}
    for table in first.labels:
        other = tables[table.unit]
        places = {key: row for row, key in enumerate(other.keys)}
        rows = np.array([places[key] for key in table.keys], np.int64)
        for name, values in table.columns.items():
            difference = np.abs(values - other.columns[name][rows])
            if not np.isnan(difference).all():
                largest = max(largest or 0.0, float(np.nanmax(difference)))
    return largest
