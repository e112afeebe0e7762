"""What one kind of predictions adds to a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mammo_plugins.visualization import PlotCurve
from mammo_plugins.visualization.result_table import Row

from .stored_cases import Drawn


@dataclass(frozen=True)
class ReportPart:
    """Numbers, plots and what is drawn on the cases.

    Attributes:
        heading: of its results.
        rows: its results table.
        drawn: what it draws on images, or says of them.
        notes: sentences below the results.
        case_note: a sentence on what the cases show of it.
        froc, roc, figures, tables: as for :func:`~mammo_plugins.visualization.write_report`.
    """

    heading: str
    rows: Sequence[Row]
    drawn: Drawn
    notes: Sequence[str] = ()
    case_note: str = ''
    froc: Mapping[str, PlotCurve] = field(default_factory=dict)
    roc: Mapping[str, PlotCurve] = field(default_factory=dict)
    figures: Sequence[tuple[str, str]] = ()
    tables: Sequence[tuple[str, Sequence[Row]]] = ()
