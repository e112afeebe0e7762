"""The trials of a search as a table, the best first."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from .search_file import Search
from .trial import DONE, Trial


def trials_table(search: Search, trials: Sequence[Trial]) -> Table:
    """A row a trial: those that are done by their number, then the others as they were drawn."""
    sign = -1 if search.number.direction == 'maximize' else 1
    table = Table(title=search.source)
    for heading in ('trial', *_headings(search), 'number', 'seconds', 'state'):
        table.add_column(heading, overflow='fold')
    for trial in sorted(trials, key=lambda trial: (trial.value is None, sign * (trial.value or 0))):
        values = [trial.parameters[name] for name in search.space]
        shown = [f'{value:.4g}' if isinstance(value, float) else str(value) for value in values]
        number = '' if trial.value is None else f'{trial.value:.4f}'
        seconds = '' if trial.seconds is None else f'{trial.seconds:.0f}'
        state = trial.state if trial.state == DONE or not trial.reason else f'{trial.state}: {trial.reason}'
        table.add_row(str(trial.index), *shown, number, seconds, state)
    return table


def _headings(search: Search) -> list[str]:
    """The fields by their last part, or whole where two end alike."""
    last = [name.rpartition('.')[2] for name in search.space]
    return last if len(set(last)) == len(last) else list(search.space)
