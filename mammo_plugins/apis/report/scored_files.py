"""The report of label files and saliency folders; needs neither torch nor a GPU."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mammo_plugins.apis.evaluate import ScoringOptions
from mammo_plugins.apis.evaluate.labels_file import (
    confusion_rows,
    evaluate_labels_file,
    label_notes,
    label_rows,
)
from mammo_plugins.apis.evaluate.saliency_folder import evaluate_saliency_folder, saliency_notes, saliency_rows
from mammo_plugins.evaluation import LabelResult, is_label_file, read_labels
from mammo_plugins.visualization import PlotCurve, write_report
from mammo_plugins.visualization.curve_plot import reliability_svg, roc_svg

from .label_text import LabelTexts
from .saliency_overlays import SaliencyOverlays
from .stored_cases import Drawn, stored_cases


def prediction_kind(paths: Mapping[str, str | Path]) -> str:
    """``detections``, ``labels`` or ``saliency``: what all files of a report hold.

    Raises:
        ValueError: they hold different things.
    """
    kinds = {
        name: 'saliency' if Path(path).is_dir() else 'labels' if is_label_file(path) else 'detections'
        for name, path in paths.items()
    }
    if len(set(kinds.values())) > 1:
        raise ValueError(f'a report is of one kind of predictions, got {kinds}: write a report a kind')
    return next(iter(kinds.values()))


def report_labels_files(
    predictions: Mapping[str, str | Path], options: ScoringOptions, out: str | Path, *, cases: int = 6, title: str
) -> Path:
    """Numbers with intervals, ROC, reliability, confusion matrices, and breasts with the labels of the first model.

    Args:
        predictions: name of the model to its file.
        options: which images, and how.
        out: the HTML file.
        cases: breasts to show, see :func:`~.stored_cases.stored_cases`.
        title: heading of the report.

    Raises:
        ValueError: predictions and annotations do not fit together.
    """
    results = {name: evaluate_labels_file(path, options) for name, path in predictions.items()}
    notes = [f'{name}: {line}' for name, labels in results.items() for r in labels.values() for line in label_notes(r)]
    tables = [
        (f'{name}: {label} of each {result.unit.lower()}', confusion_rows(result))
        for name, labels in results.items()
        for label, result in labels.items()
    ]
    first = next(iter(predictions))
    drawn = Drawn(labels=LabelTexts(read_labels(predictions[first])))
    shown, of_cases = stored_cases(cases, options.read_truth(), drawn)
    of_cases += [f'The cases show the labels of {first}.'] if shown else []
    return write_report(
        out,
        title,
        label_rows(results, 'Model'),
        cases=shown,
        notes=notes + of_cases,
        figures=_label_figures(results),
        tables=tables,
    )


def _label_figures(results: Mapping[str, Mapping[str, LabelResult]]) -> list[tuple[str, str]]:
    """SVG and caption of the ROC curves and the reliability of each label that is there or not."""
    figures = []
    for label in dict.fromkeys(name for labels in results.values() for name in labels):
        scored = {model: labels[label] for model, labels in results.items() if label in labels}
        roc = {}
        for model, result in scored.items():
            if result.roc is not None and result.roc.has_both_classes:
                corners = result.roc.vertices()
                roc[model] = PlotCurve(corners.false_positive_rate, corners.sensitivity)
        if roc:
            unit = next(iter(scored.values())).unit.lower()
            figures.append((roc_svg(roc, f'Sensitivity ({label})'), f'ROC of {label} of each {unit}; dotted: chance.'))
        reliability = {
            model: PlotCurve(result.reliability.mean_probability, result.reliability.share_positive)
            for model, result in scored.items()
            if result.reliability is not None
        }
        if reliability:
            caption = f'Reliability of {label} in 15 bins of equal width; dotted: perfectly calibrated.'
            figures.append((reliability_svg(reliability, f'Share of {label}'), caption))
    return figures


def report_saliency_folders(
    predictions: Mapping[str, str | Path], options: ScoringOptions, out: str | Path, *, cases: int = 6, title: str
) -> Path:
    """The numbers of the maps of one or more models, a row a model and class, and breasts with the maps of all models.

    Args:
        predictions: name of the model to its folder.
        options: which images, and how.
        out: the HTML file.
        cases: breasts to show, see :func:`~.stored_cases.stored_cases`.
        title: heading of the report.

    Raises:
        ValueError: maps and annotations do not fit together.
    """
    results = {name: evaluate_saliency_folder(path, options) for name, path in predictions.items()}
    notes = [f'{name}: {line}' for name, classes in results.items() for line in saliency_notes(classes)]
    shown, of_cases = stored_cases(cases, options.read_truth(), Drawn(overlays=SaliencyOverlays(predictions)))
    return write_report(out, title, saliency_rows(results, 'Model'), cases=shown, notes=notes + of_cases)
