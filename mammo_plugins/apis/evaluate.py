"""Scoring a predictions CSV against an annotation file; needs neither torch nor a GPU."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console

from mammo_plugins.evaluation import (
    DetectionResult,
    ModelComparison,
    evaluate_detections,
    evaluate_subgroups,
    get_protocol,
    read_predictions,
)
from mammo_plugins.io import read_annotations
from mammo_plugins.visualization.result_table import model_rows, number_rows, screen_table


def evaluate_predictions_file(
    predictions: str | Path,
    annotations: str | Path,
    *,
    protocols: Sequence[str] = ('mm3d', 'mm3d-2d'),
    split: str | None = None,
    modality: str | None = None,
    bootstrap: int = 0,
    seed: int = 0,
    lenient: bool = False,
    json_out: str | Path | None = None,
) -> dict[str, DetectionResult]:
    """Scores predictions under one or more protocols.

    Args:
        predictions: CSV in DBTex columns.
        annotations: annotation file.
        protocols: names, see :mod:`mammo_plugins.evaluation.protocols`.
        split, modality: the images to evaluate; None for all.
        bootstrap: replicates for standard errors and intervals of the detection numbers, 0 for none.
        seed: seed of the bootstrap.
        lenient: leave unusable rows and rows of other images out and count them, instead of refusing the file.
        json_out: where everything goes, the FROC curves included.

    Returns:
        The results by protocol.

    Raises:
        ValueError: a protocol, row, image or annotation is not as it must be; the message says which.
    """
    chosen = [get_protocol(name) for name in protocols]
    truth = read_annotations(annotations).select(modality=modality, split=split)
    found = read_predictions(predictions, lenient)
    results = {
        protocol.name: evaluate_detections(found, truth, protocol, bootstrap=bootstrap, seed=seed, lenient=lenient)
        for protocol in chosen
    }
    if json_out is not None:
        settings = {
            'predictions': Path(predictions).name,
            'annotations': Path(annotations).name,
            'split': split,
            'modality': modality,
            'bootstrap': bootstrap,
            'seed': seed,
            'lenient': lenient,
        }
        write_results(json_out, results, settings)
    return results


def evaluate_subgroups_file(
    predictions: str | Path,
    annotations: str | Path,
    by: str,
    *,
    protocols: Sequence[str] = ('mm3d', 'mm3d-2d'),
    split: str | None = None,
    modality: str | None = None,
    bootstrap: int = 0,
    seed: int = 0,
    lenient: bool = False,
    json_out: str | Path | None = None,
) -> dict[str, dict[str, DetectionResult]]:
    """Scores each group of images or findings by itself.

    Args:
        by: one of :data:`~mammo_plugins.evaluation.subgroups.SUBGROUPS`, such as ``density`` or ``size``.
        predictions, annotations, protocols, split, modality, bootstrap, seed, lenient, json_out: as for
            :func:`evaluate_predictions_file`.

    Returns:
        Group to protocol to result.

    Raises:
        ValueError: a protocol, grouping, row, image or annotation is not as it must be; the message says which.
    """
    truth = read_annotations(annotations).select(modality=modality, split=split)
    found = read_predictions(predictions, lenient)
    numbers = dict(bootstrap=bootstrap, seed=seed, lenient=lenient)
    by_protocol = {name: evaluate_subgroups(found, truth, by, name, **numbers) for name in protocols}
    groups = next(iter(by_protocol.values()))
    results = {group: {name: result[group] for name, result in by_protocol.items()} for group in groups}
    if json_out is not None:
        settings = {'predictions': Path(predictions).name, 'annotations': Path(annotations).name, 'by': by}
        flat = {f'{group}/{name}': result for group, row in results.items() for name, result in row.items()}
        write_results(json_out, flat, {**settings, 'split': split, 'modality': modality, **numbers})
    return results


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


def write_results(
    path: str | Path, results: Mapping[str, DetectionResult | ModelComparison], settings: Mapping[str, object]
) -> None:
    """Writes results with the settings that gave them as json; the file appears only when it is complete."""
    path = Path(path)
    content = {'settings': dict(settings), 'results': {name: result.as_dict() for name, result in results.items()}}
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + '.partial')
    partial.write_text(json.dumps(content, indent=1, allow_nan=False) + '\n', encoding='utf-8')
    os.replace(partial, path)


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
    first = next(iter(results.values()))
    console.print(
        f'{first.counts["images"]} images of {first.counts["breasts"]} breasts '
        f'({first.counts["malignant_breasts"]} malignant) and {first.counts["patients"]} patients',
        highlight=False,
        soft_wrap=True,
    )
    numbers = {f'{name} {m}': e for name, result in results.items() for m, e in result.numbers.items()}
    numbers['breast AUC'] = first.breast_auc
    for method in dict.fromkeys(filter(None, (e.method for e in numbers.values()))):
        what = 'breast AUC' if method == first.breast_auc.method else 'detection'
        console.print(f'standard errors and intervals, {what}: {method}', highlight=False, soft_wrap=True)
    notes = [note for result in results.values() for note in result.notes]
    for line in dict.fromkeys([*notes, *(f'{name}: {e.reason}' for name, e in numbers.items() if e.reason)]):
        console.print(f'note: {line}', highlight=False, soft_wrap=True)
