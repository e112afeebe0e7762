"""Scoring a predictions CSV; needs neither torch nor a GPU."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from mammo_plugins.evaluation import (
    DetectionResult,
    GroupAverage,
    average_detections,
    choose_threshold,
    evaluate_detections,
    evaluate_subgroups,
)
from mammo_plugins.evaluation.functional import CLOPPER_PEARSON
from mammo_plugins.io.whole_file import write_whole
from mammo_plugins.visualization import curves_csv
from mammo_plugins.visualization.result_table import model_rows, number_rows, screen_table

from .group_averages import Averages, refuse_shared_names
from .scoring_options import ScoringOptions, write_results


def evaluate_predictions_file(
    predictions: str | Path,
    options: ScoringOptions,
    *,
    thresholds: Mapping[str, float] | None = None,
    json_out: str | Path | None = None,
    curves_out: str | Path | None = None,
) -> dict[str, DetectionResult]:
    """Scores predictions under one or more protocols.

    Args:
        predictions: CSV in DBTex columns.
        options: which images, and how.
        thresholds: for each protocol, the score at which hits and false positives are counted; None for no counts.
        json_out: where everything goes, the curves included.
        curves_out: where the curves go as CSV, see :func:`~mammo_plugins.visualization.curve_table.curves_csv`.

    Returns:
        The results by protocol.

    Raises:
        ValueError: a protocol, row, image or annotation is not as it must be; the message says which.
    """
    protocols = options.chosen_protocols()
    truth = options.read_truth()
    found = options.read_predictions(predictions, truth)
    results = {
        protocol.name: evaluate_detections(
            found,
            truth,
            protocol,
            bootstrap=options.bootstrap,
            seed=options.seed,
            lenient=options.lenient,
            threshold=(thresholds or {}).get(protocol.name),
        )
        for protocol in protocols
    }
    if json_out is not None:
        write_results(json_out, results, {'predictions': Path(predictions).name, **options.settings()})
    if curves_out is not None:
        write_whole(curves_out, curves_csv(results))
    return results


def choose_thresholds(
    predictions: str | Path, options: ScoringOptions, split: str, fp_per_volume: float
) -> dict[str, float]:
    """For each protocol, the lowest score with at most so many false positives per volume of another split.

    Args:
        predictions: CSV with what was found in that split.
        options: which images, and how, but for the split.
        split: the split to choose on.
        fp_per_volume: at least 0.

    Raises:
        ValueError: the split is evaluated too, or a row, image or annotation is not as it must be.
    """
    if options.split in (None, split):
        evaluated = f'evaluated split ({split})' if options.split else f'images that are evaluated, {split} among them,'
        raise ValueError(f'a threshold that is chosen on the {evaluated} says nothing: give --split another than that')
    chosen_on = replace(options, split=split)
    truth = chosen_on.read_truth()
    found = chosen_on.read_predictions(predictions, truth)
    return {
        protocol.name: choose_threshold(found, truth, protocol, fp_per_volume, lenient=options.lenient)
        for protocol in options.chosen_protocols()
    }


def evaluate_subgroups_file(
    predictions: str | Path,
    options: ScoringOptions,
    by: str,
    *,
    averages: Averages | None = None,
    json_out: str | Path | None = None,
) -> tuple[dict[str, dict[str, DetectionResult]], dict[str, dict[str, GroupAverage]]]:
    """Scores each group of images or findings by itself.

    Args:
        predictions: CSV in DBTex columns.
        options: which images, and how.
        by: one of :data:`~mammo_plugins.evaluation.subgroups.SUBGROUPS`, such as ``density`` or ``size``.
        averages: name of a mean to the groups of images that it is over.
        json_out: where everything goes.

    Returns:
        Group to protocol to result, and mean to protocol to average.

    Raises:
        ValueError: a protocol, grouping, row, image or annotation is not as it must be; the message says which.
    """
    truth = options.read_truth()
    found = options.read_predictions(predictions, truth)
    numbers = dict(bootstrap=options.bootstrap, seed=options.seed, lenient=options.lenient)
    by_protocol = {
        protocol.name: evaluate_subgroups(found, truth, by, protocol, **numbers)
        for protocol in options.chosen_protocols()
    }
    groups = next(iter(by_protocol.values()))
    results = {group: {name: result[group] for name, result in by_protocol.items()} for group in groups}
    means: dict[str, dict[str, GroupAverage]] = {name: {} for name in averages or {}}
    for protocol in options.chosen_protocols() if averages else []:
        for name, mean in average_detections(found, truth, by, averages, protocol, **numbers).items():
            means[name][protocol.name] = mean
    refuse_shared_names(results, means)
    if json_out is not None:
        flat = {f'{group}/{name}': one for group, row in {**results, **means}.items() for name, one in row.items()}
        write_results(json_out, flat, {'predictions': Path(predictions).name, 'by': by, **options.settings()})
    return results, means


def print_subgroups(results: Mapping[str, Mapping[str, DetectionResult]], console: Console | None = None) -> None:
    """Prints a row a group, and what each rests on."""
    console = console or Console()
    console.print(screen_table(model_rows(results, heading='Group')))
    for group, row in results.items():
        counts = next(iter(row.values())).counts
        console.print(
            f'{group}: {counts["findings"]} findings in {counts["images"]} images of {counts["patients"]} patients',
            highlight=False,
            soft_wrap=True,
        )


def print_results(results: Mapping[str, DetectionResult], console: Console | None = None) -> None:
    """Prints the table, what it rests on, and what a reader must know about it."""
    console = console or Console()
    console.print(screen_table(number_rows(results)))
    for name, result in results.items():
        counts = result.counts
        console.print(
            f'{name}: {counts["findings_hit"]} of {counts["findings"]} findings hit by {counts["predictions"]} '
            f'predictions; {counts["false_positives"]} false positives in {counts["images_counted_for_fp"]} images; '
            f'{counts["repeats"]} repeats',
            highlight=False,
            soft_wrap=True,
        )
        if result.operating_point is not None:
            console.print(f'{name}: {_at_threshold(result)}', highlight=False, soft_wrap=True)
    first = next(iter(results.values()))
    console.print(
        f'{first.counts["images"]} images of {first.counts["breasts"]} breasts '
        f'({first.counts["malignant_breasts"]} malignant) and {first.counts["patients"]} patients',
        highlight=False,
        soft_wrap=True,
    )
    of_protocols = [(name, result.numbers | result.slice_errors) for name, result in results.items()]
    numbers = {f'{name} {number}': e for name, estimates in of_protocols for number, e in estimates.items()}
    numbers |= {'breast_auc': first.breast_auc, **first.breast_numbers}
    for method in dict.fromkeys(filter(None, (e.method for e in numbers.values()))):
        what = 'shares of 0 or 1' if method.startswith(CLOPPER_PEARSON) else 'all else'
        what = 'breast AUC' if method == first.breast_auc.method else what
        console.print(f'standard errors and intervals, {what}: {method}', highlight=False, soft_wrap=True)
    notes = [note for result in results.values() for note in result.notes]
    for line in dict.fromkeys([*notes, *(f'{name}: {e.reason}' for name, e in numbers.items() if e.reason)]):
        console.print(f'note: {line}', highlight=False, soft_wrap=True)


def _at_threshold(result: DetectionResult) -> str:
    """The operating point as a sentence."""
    point = result.operating_point
    if math.isinf(point.counts.threshold):
        return 'where the threshold was chosen, the best score already gave too many false positives: none passes'
    return (
        f'at the threshold {point.counts.threshold:.4g}: {point.counts.true_positives} findings hit, '
        f'{point.counts.false_negatives} missed, {point.counts.false_positives} false positives; '
        f'recall {point.recall}, false positives per volume {point.fp_per_volume}'
    )
