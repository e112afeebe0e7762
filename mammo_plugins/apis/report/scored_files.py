"""The report of label files and saliency folders; needs neither torch nor a GPU."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mammo_plugins.apis.evaluate import ScoringOptions
from mammo_plugins.apis.evaluate.labels_file import evaluate_labels_file, label_notes, label_rows
from mammo_plugins.apis.evaluate.saliency_folder import evaluate_saliency_folder, saliency_notes
from mammo_plugins.evaluation import LabelResult, is_label_file
from mammo_plugins.visualization import PlotCurve, write_report
from mammo_plugins.visualization.curve_plot import reliability_svg, roc_svg
from mammo_plugins.visualization.result_table import Row


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
    predictions: Mapping[str, str | Path], options: ScoringOptions, out: str | Path, *, title: str
) -> Path:
    """Numbers with intervals, ROC, reliability and confusion matrices of the labels of one or more models.

    Raises:
        ValueError: predictions and annotations do not fit together.
    """
    results = {name: evaluate_labels_file(path, options) for name, path in predictions.items()}
    notes = [f'{name}: {line}' for name, labels in results.items() for r in labels.values() for line in label_notes(r)]
    return write_report(out, title, label_rows(results, 'Model'), notes=notes, figures=_label_figures(results))


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
    predictions: Mapping[str, str | Path], options: ScoringOptions, out: str | Path, *, title: str
) -> Path:
    """The numbers of the saliency maps of one or more models, a row a model and class.

    Raises:
        ValueError: maps and annotations do not fit together.
    """
    results = {name: evaluate_saliency_folder(path, options) for name, path in predictions.items()}
    rows: list[Row] = [
        {'Model': name, 'Class': category, **{k: e for k, e in result.numbers.items() if '@' not in k}}
        for name, classes in results.items()
        for category, result in classes.items()
    ]
    notes = [f'{name}: {line}' for name, classes in results.items() for line in saliency_notes(classes)]
    return write_report(out, title, rows, notes=notes)
