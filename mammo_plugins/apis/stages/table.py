"""The plan as a table: what each stage is, what it takes, and how far it is."""

from __future__ import annotations

from pathlib import Path

from rich.table import Table

from .plan import Plan
from .records import StageFolder


def plan_table(plan: Plan, out: str | Path) -> Table:
    """A row a stage, in the order in which they run.

    Args:
        plan: the stages.
        out: folder that their records are in.
    """
    folder = StageFolder(plan, out)
    table = Table(title=f'{plan.source} in {out}')
    for heading in ('stage', 'kind', 'what', 'takes', 'state'):
        table.add_column(heading, overflow='fold')
    for stage in plan.stages:
        state = folder.state(stage)
        takes = ', '.join([*map(str, stage.references), *stage.needs])
        shown = f'{state.name}: {state.reason}' if state.reason else state.name
        table.add_row(stage.name, stage.kind, stage.config or ' '.join(map(str, stage.command)), takes, shown)
    return table
