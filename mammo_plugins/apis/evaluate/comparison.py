"""Comparing the predictions CSVs of two models; needs neither torch nor a GPU."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

from mammo_plugins.evaluation import ModelComparison, compare_detections
from mammo_plugins.visualization.result_table import difference_rows, screen_table

from .scoring_options import ScoringOptions, write_results


def compare_predictions_files(
    first: str | Path,
    second: str | Path,
    options: ScoringOptions,
    *,
    permutations: int = 0,
    json_out: str | Path | None = None,
) -> dict[str, ModelComparison]:
    """Tests whether two models differ on the same patients.

    Args:
        first, second: CSVs in DBTex columns; a difference is the second less the first.
        options: which images, and how; without replicates there is nothing to compare.
        permutations: replicates of the permutation test, 0 for none.
        json_out: where everything goes.

    Returns:
        The comparisons by protocol.

    Raises:
        ValueError: a protocol, row, image or annotation is not as it must be; the message says which.
    """
    protocols = options.chosen_protocols()
    truth = options.read_truth()
    one, other = (options.read_predictions(path, truth) for path in (first, second))
    results = {
        protocol.name: compare_detections(
            one,
            other,
            truth,
            protocol,
            bootstrap=options.bootstrap,
            permutations=permutations,
            seed=options.seed,
            lenient=options.lenient,
        )
        for protocol in protocols
    }
    if json_out is not None:
        files = {'first': Path(first).name, 'second': Path(second).name}
        write_results(json_out, results, {**files, **options.settings(), 'permutations': permutations})
    return results


def print_comparisons(results: Mapping[str, ModelComparison], console: Console | None = None) -> None:
    """Prints the differences and how they were tested."""
    console = console or Console()
    console.print(screen_table(difference_rows(results)))
    differences = {(p, name): d for p, result in results.items() for name, d in result.differences.items()}
    for method in dict.fromkeys(filter(None, (difference.method for difference in differences.values()))):
        names = sorted({name for (_, name), difference in differences.items() if difference.method == method})
        console.print(f'{", ".join(names)}: {method}', highlight=False, soft_wrap=True)
    protocols_of_note: dict[tuple[str, str], list[str]] = {}
    for (protocol, name), difference in differences.items():
        if difference.reason:
            protocols_of_note.setdefault((name, difference.reason), []).append(protocol)
    for (name, reason), protocols in protocols_of_note.items():
        console.print(f'note: {", ".join(protocols)} {name}: {reason}', highlight=False, soft_wrap=True)
