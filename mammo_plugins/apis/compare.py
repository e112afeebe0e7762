"""Comparing the predictions CSVs of two models; needs neither torch nor a GPU."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console

from mammo_plugins.evaluation import ModelComparison, compare_detections, get_protocol, read_predictions
from mammo_plugins.io import read_annotations
from mammo_plugins.visualization.result_table import difference_rows, screen_table

from .evaluate import write_results


def compare_predictions_files(
    first: str | Path,
    second: str | Path,
    annotations: str | Path,
    *,
    protocols: Sequence[str] = ('mm3d', 'mm3d-2d'),
    split: str | None = None,
    modality: str | None = None,
    bootstrap: int = 1000,
    permutations: int = 0,
    seed: int = 0,
    lenient: bool = False,
    json_out: str | Path | None = None,
) -> dict[str, ModelComparison]:
    """Tests whether two models differ on the same patients.

    Args:
        first, second: CSVs in DBTex columns; a difference is the second less the first.
        annotations: annotation file.
        protocols: names, see :mod:`mammo_plugins.evaluation.protocols`.
        split, modality: the images to evaluate; None for all.
        bootstrap: replicates of the paired bootstrap.
        permutations: replicates of the permutation test, 0 for none.
        seed: seed of both.
        lenient: leave unusable rows and rows of other images out instead of refusing the file.
        json_out: where everything goes.

    Returns:
        The comparisons by protocol.

    Raises:
        ValueError: a protocol, row, image or annotation is not as it must be; the message says which.
    """
    chosen = [get_protocol(name) for name in protocols]
    truth = read_annotations(annotations).select(modality=modality, split=split)
    one, other = (read_predictions(path, lenient) for path in (first, second))
    numbers = dict(bootstrap=bootstrap, permutations=permutations, seed=seed, lenient=lenient)
    results = {protocol.name: compare_detections(one, other, truth, protocol, **numbers) for protocol in chosen}
    if json_out is not None:
        files = {'first': Path(first).name, 'second': Path(second).name, 'annotations': Path(annotations).name}
        write_results(json_out, results, {**files, 'split': split, 'modality': modality, **numbers})
    return results


def print_comparisons(results: Mapping[str, ModelComparison], console: Console | None = None) -> None:
    """Prints the differences and how they were tested."""
    console = console or Console()
    console.print(screen_table(difference_rows(results)))
    differences = {(p, name): d for p, result in results.items() for name, d in result.differences.items()}
    for method in dict.fromkeys(filter(None, (difference.method for difference in differences.values()))):
        names = sorted({name for (_, name), difference in differences.items() if difference.method == method})
        console.print(f'{", ".join(names)}: {method}', highlight=False, soft_wrap=True)
    for (protocol, name), difference in differences.items():
        if difference.reason:
            console.print(f'note: {protocol} {name}: {difference.reason}', highlight=False, soft_wrap=True)
