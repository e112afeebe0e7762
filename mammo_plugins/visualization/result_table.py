"""Results as a table: one row a model or protocol, one column a number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.table import Table

from mammo_plugins.evaluation import DetectionResult
from mammo_plugins.evaluation.functional import Estimate

Row = Mapping[str, 'str | Estimate']

_AUC, _AUC_TITLE = 'breast_auc', 'Breast AUC'


def protocol_rows(results: Mapping[str, DetectionResult]) -> list[Row]:
    """One row a protocol for a single set of predictions.

    Args:
        results: protocol to result.
    """
    return [
        {'Protocol': name} | {_AUC_TITLE if key == _AUC else key: value for key, value in result.metrics().items()}
        for name, result in results.items()
    ]


def model_rows(models: Mapping[str, Mapping[str, DetectionResult]]) -> list[Row]:
    """One row a model; columns such as ``R@0.25 (mm3d)``, and the breast AUC, which is the same for every protocol.

    Args:
        models: model to protocol to result.
    """
    rows: list[Row] = []
    for model, results in models.items():
        row: dict[str, str | Estimate] = {'Model': model}
        for protocol, result in results.items():
            row |= {f'{key} ({protocol})': value for key, value in result.metrics().items() if key != _AUC}
        row[_AUC_TITLE] = next(iter(results.values())).breast_auc
        rows.append(row)
    return rows


def column_names(rows: Sequence[Row]) -> list[str]:
    """All columns in order of first appearance, the AUC last."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    return sorted(names, key=_AUC_TITLE.__eq__)


def screen_table(rows: Sequence[Row], title: str = '') -> Table:
    """The rows for the screen, standard errors and intervals included where there are any."""
    names = column_names(rows)
    table = Table(title=title or None, title_justify='left')
    for number, name in enumerate(names):
        table.add_column(name, justify='right' if number else 'left')
    for row in rows:
        table.add_row(*(str(row.get(name, '')) for name in names))
    return table
