"""Scoring a CSV of decisions about pairs of findings; needs neither torch nor a GPU."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

from mammo_plugins.evaluation import GroupAverage
from mammo_plugins.evaluation.pair_decisions import (
    PairResult,
    average_pairs,
    evaluate_pair_subgroups,
    evaluate_pairs,
    read_pair_decisions,
)
from mammo_plugins.visualization.result_table import Row, screen_table

from .group_averages import Averages, refuse_shared_names
from .scoring_options import ScoringOptions, write_results


def evaluate_pairs_file(
    predictions: str | Path,
    options: ScoringOptions,
    *,
    by: str | None = None,
    averages: Averages | None = None,
    json_out: str | Path | None = None,
) -> tuple[dict[str, PairResult], dict[str, GroupAverage]]:
    """Scores all pairs (an empty name), or those of each group of images.

    Args:
        predictions: CSV, see :mod:`mammo_plugins.evaluation.pair_decisions`.
        options: which images, and how; protocols are of detections.
        by: a grouping of images.
        averages: with ``by``, mean to the groups that it is over.
        json_out: where everything goes.

    Returns:
        Group to result, and mean to average.

    Raises:
        ValueError: a row or annotation is not as it must be, or there is no such grouping or group.
    """
    found, truth = read_pair_decisions(predictions), options.read_truth()
    how = dict(bootstrap=options.bootstrap, seed=options.seed, lenient=options.lenient)
    if by is None:
        results, means = {'': evaluate_pairs(found, truth, **how)}, {}
    else:
        results = evaluate_pair_subgroups(found, truth, by, **how)
        means = average_pairs(found, truth, by, averages or {}, **how)
    refuse_shared_names(results, means)
    if json_out is not None:
        named = {name or 'pairs': result for name, result in {**results, **means}.items()}
        write_results(json_out, named, {'predictions': Path(predictions).name, 'by': by, **options.settings()})
    return results, means


def print_pairs(results: Mapping[str, PairResult], console: Console | None = None) -> None:
    """Prints the numbers of each group and what they rest on."""
    console = console or Console()
    for group, result in results.items():
        rows: list[Row] = [{'Number': number, 'Value': estimate} for number, estimate in result.numbers.items()]
        console.print(screen_table(rows, ': '.join(filter(None, [group, 'pairs of findings']))))
        counts = ', '.join(f'{count} {name}' for name, count in result.counts.items())
        console.print(f'{counts}.', highlight=False, soft_wrap=True)
