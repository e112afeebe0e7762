"""Scoring a CSV of labels; needs neither torch nor a GPU."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

from mammo_plugins.evaluation import (
    GroupAverage,
    LabelResult,
    ModelComparison,
    average_labels,
    compare_labels,
    evaluate_label_subgroups,
    evaluate_labels,
    read_labels,
)
from mammo_plugins.visualization.result_table import Row, screen_table

from .group_averages import Averages, refuse_shared_names
from .scoring_options import ScoringOptions, write_results


def evaluate_labels_file(
    predictions: str | Path, options: ScoringOptions, *, threshold: float = 0.5, json_out: str | Path | None = None
) -> dict[str, LabelResult]:
    """Scores every label of a file.

    Args:
        predictions: CSV, see :mod:`mammo_plugins.evaluation.label_predictions`.
        options: which images, and how; protocols are of detections.
        threshold: probability from which on a label without classes is called present.
        json_out: where everything goes.

    Raises:
        ValueError: a row, label or annotation is not as it must be; the message says which.
    """
    results = evaluate_labels(
        read_labels(predictions),
        options.read_truth(),
        bootstrap=options.bootstrap,
        seed=options.seed,
        lenient=options.lenient,
        threshold=threshold,
    )
    if json_out is not None:
        write_results(
            json_out,
            results,
            {'predictions': Path(predictions).name, 'threshold': threshold, **options.settings()},
        )
    return results


def evaluate_labels_subgroups(
    predictions: str | Path,
    options: ScoringOptions,
    by: str,
    *,
    averages: Averages | None = None,
    threshold: float = 0.5,
    json_out: str | Path | None = None,
) -> tuple[dict[str, dict[str, LabelResult]], dict[str, dict[str, GroupAverage]]]:
    """Group to label to result, and mean over groups to label to average.

    Raises:
        ValueError: as for :func:`evaluate_labels_file`, or there is no such grouping or group.
    """
    found, truth = read_labels(predictions), options.read_truth()
    how = dict(bootstrap=options.bootstrap, seed=options.seed, lenient=options.lenient, threshold=threshold)
    results = evaluate_label_subgroups(found, truth, by, **how)
    means = average_labels(found, truth, by, averages or {}, **how)
    refuse_shared_names(results, means)
    if json_out is not None:
        flat = {f'{group}/{name}': one for group, row in {**results, **means}.items() for name, one in row.items()}
        settings = {'predictions': Path(predictions).name, 'by': by, 'threshold': threshold, **options.settings()}
        write_results(json_out, flat, settings)
    return results, means


def compare_labels_files(
    first: str | Path,
    second: str | Path,
    options: ScoringOptions,
    *,
    threshold: float = 0.5,
    permutations: int = 0,
    json_out: str | Path | None = None,
) -> dict[str, ModelComparison]:
    """Label to the differences of two models (second less first), on the cases that both predicted.

    Raises:
        ValueError: as for :func:`evaluate_labels_file`, or the files have nothing in common.
    """
    results = compare_labels(
        read_labels(first),
        read_labels(second),
        options.read_truth(),
        bootstrap=options.bootstrap,
        permutations=permutations,
        seed=options.seed,
        lenient=options.lenient,
        threshold=threshold,
    )
    if json_out is not None:
        files = {'first': Path(first).name, 'second': Path(second).name, 'threshold': threshold}
        write_results(json_out, results, {**files, **options.settings(), 'permutations': permutations})
    return results


def label_rows(results: Mapping[str, Mapping[str, LabelResult]], heading: str = 'Group') -> list[Row]:
    """A row a group (or model) and label, for :mod:`mammo_plugins.visualization.result_table`."""
    return [
        {**({heading: group} if group else {}), 'Label': name, 'Cases': str(result.counts['cases']), **result.numbers}
        for group, labels in results.items()
        for name, result in labels.items()
    ]


def confusion_rows(result: LabelResult) -> list[Row]:
    """The confusion matrix of a label: a row a true class, with how many of it were called what."""
    classes = result.classes or ('absent', 'present')
    return [
        {'True class': name} | {f'called {other}': str(count) for other, count in zip(classes, row)}
        for name, row in zip(classes, result.confusion.tolist())
    ]


def print_labels(results: Mapping[str, Mapping[str, LabelResult]], console: Console | None = None) -> None:
    """Prints each label's numbers, what they rest on and the confusion matrix."""
    console = console or Console()
    for group, labels in results.items():
        for name, result in labels.items():
            title = ': '.join(filter(None, [group, f'{name} of each {result.unit.lower()}']))
            rows: list[Row] = [{'Number': number, 'Value': e} for number, e in result.numbers.items()]
            console.print(screen_table(rows, title))
            for line in label_notes(result):
                console.print(line, highlight=False, soft_wrap=True)


def label_notes(result: LabelResult) -> list[str]:
    """What the numbers rest on, as sentences."""
    classes = result.classes or ('0', '1')
    matrix = '; '.join(
        f'true {name}: ' + ', '.join(f'{count} as {other}' for other, count in zip(classes, row))
        for name, row in zip(classes, result.confusion.tolist())
    )
    counts = result.counts
    methods = dict.fromkeys(filter(None, (e.method for e in result.numbers.values())))
    return [
        f'{result.label}: {counts["cases"]} cases of {counts["patients"]} patients; {matrix}.',
        *(f'{result.label}: {note}' for note in result.notes),
        *([f'Intervals: {", ".join(methods)}.'] if methods else []),
        *(f'{result.label} {name}: {e.reason}.' for name, e in result.numbers.items() if e.reason),
    ]
