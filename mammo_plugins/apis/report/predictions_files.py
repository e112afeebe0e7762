"""An HTML report of one or more predictions CSVs; needs neither torch nor a GPU."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mammo_plugins.apis.evaluate import ScoringOptions
from mammo_plugins.evaluation import (
    DetectionResult,
    evaluate_detections,
    get_protocol,
    truth_from_annotations,
)
from mammo_plugins.evaluation.matching import locate_images
from mammo_plugins.visualization import model_rows, result_curves, write_report

from .stored_cases import Drawn, stored_cases


def report_predictions_files(
    predictions: Mapping[str, str | Path],
    options: ScoringOptions,
    out: str | Path,
    *,
    cases: int = 6,
    title: str = 'Detection report',
) -> Path:
    """Scores predictions and writes the table, the curves and some breasts with the findings of the first file.

    Args:
        predictions: name of the model to its CSV.
        options: which images, and how; hits in the pictures are those of the first protocol.
        out: the HTML file.
        cases: breasts to show, malignant ones and others in turn, in the order of the annotation file; 0 for none.
        title: heading of the report.

    Returns:
        The path of the report.

    Raises:
        ValueError: predictions and annotations do not fit together.
    """
    chosen = [get_protocol(name) for name in options.protocols]
    truth = options.read_truth()
    found = {name: options.read_predictions(path, truth) for name, path in predictions.items()}
    scoring = dict(bootstrap=options.bootstrap, seed=options.seed, lenient=options.lenient)
    results = {
        name: {protocol.name: evaluate_detections(rows, truth, protocol, **scoring) for protocol in chosen}
        for name, rows in found.items()
    }
    first = next(iter(found))
    # Scoring has refused what it had to.
    matched_rows, _, _ = locate_images(found[first], truth_from_annotations(truth), lenient=True)
    shown, notes = stored_cases(cases, truth, Drawn(matched_rows, results[first][chosen[0].name].matched))
    if shown:
        notes.append(f'The cases show the findings of {first}; hits are those of protocol {chosen[0].name}.')
    froc, roc = result_curves(results)
    return write_report(out, title, model_rows(results), froc, roc, shown, _result_notes(results) + notes)


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
