"""Scoring a folder of saliency maps; needs neither torch nor a GPU."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

from mammo_plugins.evaluation.evaluate_saliency import SaliencyResult, evaluate_saliency
from mammo_plugins.visualization.result_table import Row, screen_table

from .scoring_options import ScoringOptions, write_results


def evaluate_saliency_folder(
    folder: str | Path, options: ScoringOptions, *, threshold: float = 0.5, json_out: str | Path | None = None
) -> dict[str, SaliencyResult]:
    """Scores the maps of each class.

    Args:
        folder: maps and index, see :mod:`mammo_plugins.evaluation.saliency_files`.
        options: which images, and how; protocols are of detections.
        threshold: saliency from which on a pixel is called part of a finding.
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
    )
    if json_out is not None:
        settings = {'predictions': Path(folder).name, 'threshold': threshold, **options.settings()}
        write_results(json_out, results, settings)
    return results


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


def print_saliency(results: Mapping[str, SaliencyResult], console: Console | None = None) -> None:
    """Prints the numbers of each class and what they rest on."""
    console = console or Console()
    for name, result in results.items():
        rows: list[Row] = [{'Number': number, 'Value': e} for number, e in result.numbers.items()]
        console.print(screen_table(rows, name))
    for line in saliency_notes(results):
        console.print(line, highlight=False, soft_wrap=True)
