"""Results as a table: one row a model or protocol, one column a number."""

from __future__ import annotations

from collections.abc import Mapping

from rich.table import Table

from mammo_plugins.evaluation import DetectionResult

_COLUMN_TITLES = {'breast_auc': 'Breast AUC'}


def result_table(results: Mapping[str, DetectionResult], title: str = '', first_column: str = 'Protocol') -> Table:
    """The numbers of several results for the screen, standard errors and intervals included where there are any.

    Args:
        results: row name to result.
        title: text above the table.
        first_column: what the row names are.
    """
    columns = list(dict.fromkeys(name for result in results.values() for name in result.metrics()))
    columns.sort(key='breast_auc'.__eq__)
    table = Table(title=title or None, title_justify='left')
    table.add_column(first_column)
    for name in columns:
        table.add_column(_COLUMN_TITLES.get(name, name), justify='right')
    for row_name, result in results.items():
        metrics = result.metrics()
        table.add_row(row_name, *(str(metrics[name]) if name in metrics else '' for name in columns))
    return table
