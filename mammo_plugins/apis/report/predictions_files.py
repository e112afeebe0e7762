"""The part of a report that is about findings; needs neither torch nor a GPU."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mammo_plugins.apis.evaluate import ScoringOptions
from mammo_plugins.evaluation import (
    DetectionResult,
    evaluate_detections,
    truth_from_annotations,
)
from mammo_plugins.evaluation.matching import image_positions, locate_images
from mammo_plugins.visualization import model_rows, result_curves

from .report_part import ReportPart
from .stored_cases import Drawn


def detections_part(predictions: Mapping[str, str | Path], options: ScoringOptions) -> ReportPart:
    """Scores findings: the table, the curves, and the findings of the first file on the cases.

    Args:
        predictions: name of the model to its CSV.
        options: which images, and how; hits in the pictures are those of the first protocol.

    Raises:
        ValueError: predictions and annotations do not fit together.
    """
    chosen = options.chosen_protocols()
    truth = options.read_truth()
    found = {name: options.read_predictions(path, truth) for name, path in predictions.items()}
    scoring = dict(bootstrap=options.bootstrap, seed=options.seed, lenient=options.lenient)
    results = {
        name: {protocol.name: evaluate_detections(rows, truth, protocol, **scoring) for protocol in chosen}
        for name, rows in found.items()
    }
    first = next(iter(found))
    # Scoring has refused what it had to.
    of_truth = truth_from_annotations(truth)
    matched_rows, _, _ = locate_images(found[first], of_truth, lenient=True)
    of_images = dict(zip(image_positions(matched_rows, of_truth).tolist(), matched_rows.image_notes or ()))
    drawn = Drawn(
        matched_rows,
        results[first][chosen[0].name].matched,
        notes={truth.images[position].id: note for position, note in of_images.items()},
    )
    froc, roc = result_curves(results)
    return ReportPart(
        'Detections',
        model_rows(results),
        drawn,
        _result_notes(results),
        f'The cases show the findings of {first}; hits are those of protocol {chosen[0].name}.',
        froc,
        roc,
    )


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
