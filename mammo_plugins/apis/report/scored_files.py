"""The parts of a report that are about labels and saliency maps; they need neither torch nor a GPU."""

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
from mammo_plugins.evaluation import LabelResult, read_labels
from mammo_plugins.visualization import PlotCurve
from mammo_plugins.visualization.curve_plot import reliability_svg, roc_svg

from .label_text import LabelTexts
from .picture_layers import PictureLayers
from .report_part import ReportPart
from .stored_cases import Drawn


def labels_part(predictions: Mapping[str, str | Path], options: ScoringOptions) -> ReportPart:
    """Numbers with intervals, ROC, reliability, confusion matrices, and the labels of the first model on the cases.

    Args:
        predictions: name of the model to its file.
        options: which images, and how.

    Raises:
        ValueError: predictions and annotations do not fit together.
    """
    results = {name: evaluate_labels_file(path, options) for name, path in predictions.items()}
    first = next(iter(predictions))
    return ReportPart(
        'Labels',
        label_rows(results, 'Model'),
        Drawn(labels=LabelTexts(read_labels(predictions[first]))),
        [f'{name}: {line}' for name, labels in results.items() for r in labels.values() for line in label_notes(r)],
        f'The cases show the labels of {first}.',
        figures=_label_figures(results),
        tables=[
            (f'{name}: {label} of each {result.unit.lower()}', confusion_rows(result))
            for name, labels in results.items()
            for label, result in labels.items()
        ],
    )


def saliency_part(predictions: Mapping[str, str | Path], options: ScoringOptions) -> ReportPart:
    """The numbers of the maps of one or more models, a row a model and class, and all maps on the cases.

    Args:
        predictions: name of the model to its folder.
        options: which images, and how.

    Raises:
        ValueError: maps and annotations do not fit together.
    """
    results = {name: evaluate_saliency_folder(path, options) for name, path in predictions.items()}
    return ReportPart(
        'Saliency maps',
        saliency_rows(results, 'Model'),
        Drawn(overlays=PictureLayers(predictions)),
        [f'{name}: {line}' for name, classes in results.items() for line in saliency_notes(classes)],
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
