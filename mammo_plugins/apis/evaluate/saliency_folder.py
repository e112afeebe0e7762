"""Scoring a folder of saliency maps; needs neither torch nor a GPU."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

from mammo_plugins.evaluation import ModelComparison
from mammo_plugins.evaluation.compare_saliency import compare_saliency
from mammo_plugins.evaluation.evaluate_saliency import (
    SaliencyResult,
    evaluate_saliency,
    evaluate_saliency_subgroups,
)
from mammo_plugins.visualization.result_table import Row, screen_table

from .scoring_options import ScoringOptions, write_results


def evaluate_saliency_folder(
    folder: str | Path,
    options: ScoringOptions,
    *,
    threshold: float = 0.5,
    grid: str = 'map',
    json_out: str | Path | None = None,
) -> dict[str, SaliencyResult]:
    """Scores the maps of each class.

    Args:
        folder: maps and index, see :mod:`mammo_plugins.evaluation.saliency_files`.
        options: which images, and how; protocols are of detections.
        threshold: saliency from which on a pixel is called part of a finding.
        grid: what counts, cells of the maps (``map``) or stored pixels (``image``).
        json_out: where everything goes.

    Raises:
        ValueError: a map or annotation is not as it must be; the message says which.
    """
    results = evaluate_saliency(
        folder,
        options.read_truth(),
        threshold=threshold,
        bootstrap=options.bootstrap,
        seed=options.seed,
        lenient=options.lenient,
        grid=grid,
    )
    if json_out is not None:
        settings = {'predictions': Path(folder).name, 'threshold': threshold, 'grid': grid, **options.settings()}
        write_results(json_out, results, settings)
    return results


def evaluate_saliency_folder_subgroups(
    folder: str | Path,
    options: ScoringOptions,
    by: str,
    *,
    threshold: float = 0.5,
    grid: str = 'map',
    json_out: str | Path | None = None,
) -> dict[str, dict[str, SaliencyResult]]:
    """Group of images to class to result.

    Raises:
        ValueError: as for :func:`evaluate_saliency_folder`, or there is no such grouping.
    """
    results = evaluate_saliency_subgroups(
        folder,
        options.read_truth(),
        by,
        threshold=threshold,
        bootstrap=options.bootstrap,
        seed=options.seed,
        lenient=options.lenient,
        grid=grid,
    )
    if json_out is not None:
        flat = {f'{group}/{name}': result for group, row in results.items() for name, result in row.items()}
        settings = {
            'predictions': Path(folder).name,
            'by': by,
            'threshold': threshold,
            'grid': grid,
            **options.settings(),
        }
        write_results(json_out, flat, settings)
    return results


def compare_saliency_folders(
    first: str | Path,
    second: str | Path,
    options: ScoringOptions,
    *,
    threshold: float = 0.5,
    grid: str = 'map',
    permutations: int = 0,
    json_out: str | Path | None = None,
) -> dict[str, ModelComparison]:
    """Class to the differences of two models (second less first), on the images that both have a map of.

    Raises:
        ValueError: as for :func:`evaluate_saliency_folder`, or the folders have nothing in common.
    """
    results = compare_saliency(
        first,
        second,
        options.read_truth(),
        threshold=threshold,
        bootstrap=options.bootstrap,
        permutations=permutations,
        seed=options.seed,
        lenient=options.lenient,
        grid=grid,
    )
    if json_out is not None:
        files = {'first': Path(first).name, 'second': Path(second).name, 'threshold': threshold, 'grid': grid}
        write_results(json_out, results, {**files, **options.settings(), 'permutations': permutations})
    return results


def saliency_rows(results: Mapping[str, Mapping[str, SaliencyResult]], heading: str) -> list[Row]:
    """A row a model or group and class, without the single thresholds of TIoU and TIoR."""
    return [
        {heading: name, 'Class': category, **{k: e for k, e in result.numbers.items() if '@' not in k}}
        for name, classes in results.items()
        for category, result in classes.items()
    ]


def saliency_notes(results: Mapping[str, SaliencyResult]) -> list[str]:
    """What the numbers rest on, as sentences."""
    lines = []
    for name, result in results.items():
        if 'maps' in result.counts:
            counts = result.counts
            lines.append(
                f'{name}: {counts["maps"]} maps, {counts["images_with_finding"]} of images with a finding, of '
                f'{counts["patients_with_finding"]} patients.'
            )
        lines += [f'{name}: {note}' for note in result.notes]
        lines += list(dict.fromkeys(f'{name}: {e.reason}.' for e in result.numbers.values() if e.reason))
    return lines


def print_saliency(results: Mapping[str, Mapping[str, SaliencyResult]], console: Console | None = None) -> None:
    """Prints the numbers of each group and class, and what they rest on; a group without a name is everything."""
    console = console or Console()
    for group, classes in results.items():
        prefix = f'{group}: ' if group else ''
        for name, result in classes.items():
            rows: list[Row] = [{'Number': number, 'Value': e} for number, e in result.numbers.items()]
            console.print(screen_table(rows, prefix + name))
        for line in saliency_notes(classes):
            console.print(prefix + line, highlight=False, soft_wrap=True)
