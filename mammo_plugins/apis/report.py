"""An HTML report of one or more predictions CSVs; needs neither torch nor a GPU."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from mammo_plugins.evaluation import (
    DetectionResult,
    DetectionTruth,
    Predictions,
    evaluate_detections,
    get_protocol,
    read_predictions,
    truth_from_annotations,
)
from mammo_plugins.io import AnnotationSet, read_annotations
from mammo_plugins.io.unreadable_image import UnreadableImageError
from mammo_plugins.visualization import ReportCase, model_rows, write_report

from .stored_cases import stored_case


def report_predictions_files(
    predictions: Mapping[str, str | Path],
    annotations: str | Path,
    out: str | Path,
    *,
    protocols: Sequence[str] = ('mm3d', 'mm3d-2d'),
    split: str | None = None,
    modality: str | None = None,
    bootstrap: int = 0,
    seed: int = 0,
    cases: int = 6,
    title: str = 'Detection report',
) -> Path:
    """Scores predictions and writes the table, the FROC curves and some breasts with the findings of the first file.

    Args:
        predictions: name of the model to its CSV.
        annotations: annotation file.
        out: the HTML file.
        protocols, split, modality, bootstrap, seed: see
            :func:`~mammo_plugins.apis.evaluate.evaluate_predictions_file`.
        cases: breasts to show, malignant ones and others in turn, in the order of the annotation file; 0 for none.
        title: heading of the report.

    Returns:
        The path of the report.

    Raises:
        ValueError: predictions and annotations do not fit together.
    """
    chosen = [get_protocol(name) for name in protocols]
    truth = read_annotations(annotations).select(modality=modality, split=split)
    found = {name: read_predictions(path) for name, path in predictions.items()}
    results = {
        name: {p.name: evaluate_detections(rows, truth, p, bootstrap=bootstrap, seed=seed) for p in chosen}
        for name, rows in found.items()
    }
    first = next(iter(found))
    shown, notes = _cases(cases, truth, found[first], results[first][chosen[0].name])
    if shown:
        notes.append(f'The cases show the findings of {first}; hits are those of protocol {chosen[0].name}.')
    return write_report(out, title, model_rows(results), _curves(results), shown, _result_notes(results) + notes)


def _curves(results: Mapping[str, Mapping[str, DetectionResult]]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    curves = {}
    for model, by_protocol in results.items():
        for protocol, result in by_protocol.items():
            corners = result.curve.vertices()
            curves[f'{model} ({protocol})'] = (corners.fp_per_volume, corners.recall)
    return curves


def _result_notes(results: Mapping[str, Mapping[str, DetectionResult]]) -> list[str]:
    """What the numbers rest on, then the notes of every model."""
    counts = next(iter(next(iter(results.values())).values())).counts
    lines = [
        f'{counts["images"]} images of {counts["breasts"]} breasts ({counts["malignant_breasts"]} malignant) and '
        f'{counts["patients"]} patients; {counts["findings"]} findings to be found.'
    ]
    for model, by_protocol in results.items():
        for result in by_protocol.values():
            lines += [f'{model}: {note}' for note in result.notes]
            lines += [f'{model}: {name}: {e.reason}.' for name, e in result.metrics().items() if e.reason]
    return list(dict.fromkeys(lines))


def _cases(
    wanted: int, annotations: AnnotationSet, predictions: Predictions, result: DetectionResult
) -> tuple[list[ReportCase], list[str]]:
    """The cases, and a note for each that could not be read."""
    truth = truth_from_annotations(annotations)
    shown, notes = [], []
    for breast in _in_turn(truth):
        if len(shown) == wanted:
            break
        try:
            shown.append(stored_case(breast, annotations, truth, predictions, result.matched))
        except UnreadableImageError as error:
            notes.append(f'Case {" / ".join(truth.breasts[breast])} is not shown: {error}')
    return shown, notes


def _in_turn(truth: DetectionTruth) -> list[int]:
    """All breasts, a malignant one and another one in turn for as long as there are both."""
    malignant = np.bincount(truth.breast_index, weights=truth.malignant, minlength=len(truth.breasts)) > 0
    place = np.empty(len(malignant))
    place[malignant] = 2 * np.arange(malignant.sum())
    place[~malignant] = 2 * np.arange((~malignant).sum()) + 1
    return np.argsort(place, kind='stable').tolist()
