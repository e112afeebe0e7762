"""Means over groups of images on the command line."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence

from rich.console import Console

from mammo_plugins.evaluation import GroupAverage
from mammo_plugins.visualization.result_table import Row, screen_table

Averages = Mapping[str, Sequence[str]]


def parse_averages(texts: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """``['seen=GE,Hologic']`` as ``{'seen': ('GE', 'Hologic')}``; groups with commas stand in double quotes.

    Raises:
        ValueError: a text has no name or no groups, or a name comes twice.
    """
    averages: dict[str, tuple[str, ...]] = {}
    for text in texts:
        name, _, groups = text.partition('=')
        named = next(csv.reader([groups], skipinitialspace=True), [])
        members = tuple(group.strip() for group in named if group.strip())
        if not name.strip() or not members or name.strip() in averages:
            raise ValueError(f'--average {text}: give each mean once, as NAME=GROUP,GROUP,...')
        averages[name.strip()] = members
    return averages


def refuse_shared_names(groups: Iterable[str], averages: Iterable[str]) -> None:
    """A file of results has one place a name.

    Raises:
        ValueError: a mean is called as a group is.
    """
    if shared := set(groups) & set(averages):
        raise ValueError(f'the mean {min(shared)!r} has the name of a group: give it another one')


def print_averages(averages: Mapping[str, Mapping[str, GroupAverage]], console: Console | None = None) -> None:
    """Prints a table a mean and protocol or label, with what it is over."""
    console = console or Console()
    for name, by_kind in averages.items():
        for kind, average in by_kind.items():
            rows: list[Row] = [{'Number': number, 'Value': e} for number, e in average.numbers.items()]
            console.print(screen_table(rows, f'{name} ({kind}): mean over {", ".join(average.groups)}'))
            for number, estimate in average.numbers.items():
                if estimate.reason:
                    console.print(f'{name} {kind} {number}: {estimate.reason}.', highlight=False, soft_wrap=True)
