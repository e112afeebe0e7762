"""Results as tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from rich.table import Table

from mammo_plugins.evaluation import DetectionResult, ModelComparison
from mammo_plugins.evaluation.functional import Estimate
from mammo_plugins.evaluation.reported_numbers import BREAST_TITLES

Row = Mapping[str, 'str | Estimate']

_AUC_TITLE = BREAST_TITLES['breast_auc']
_TEXT_COLUMNS = ('Model', 'Group', 'Protocol', 'Number', 'Bucket', 'Missed by')


def number_rows(results: Mapping[str, DetectionResult]) -> list[Row]:
    """One row a number for a single set of predictions; those of breasts, the same for every protocol, at the end.

    Args:
        results: protocol to result.
    """
    metrics = {(protocol, name): n for protocol, result in results.items() for name, n in result.metrics().items()}
    return [_number_row(protocol, name, metrics[found, name]) for found, protocol, name in _in_table_order(metrics)]


def model_rows(models: Mapping[str, Mapping[str, DetectionResult]], heading: str = 'Model') -> list[Row]:
    """One row a model; columns such as ``R@0.25 (mm3d)``, and the breast AUC, which is the same for every protocol.

    Args:
        models: model, or whatever else stands in front of a row, to protocol to result.
        heading: of the first column.
    """
    rows: list[Row] = []
    for model, results in models.items():
        row: dict[str, str | Estimate] = {heading: model}
        for protocol, result in results.items():
            row |= {f'{name} ({protocol})': number for name, number in result.numbers.items()}
        row[_AUC_TITLE] = next(iter(results.values())).breast_auc
        rows.append(row)
    return rows


def difference_rows(comparisons: Mapping[str, ModelComparison]) -> list[Row]:
    """One row a number of two models, with the difference, its interval and p-values.

    Args:
        comparisons: protocol to comparison; numbers of breasts, the same for every protocol, come once, at the end.
    """
    names = [(protocol, name) for protocol, result in comparisons.items() for name in result.differences]
    return [_difference_row(shown, name, comparisons[found]) for found, shown, name in _in_table_order(names)]


def _in_table_order(names: Iterable[tuple[str, str]]) -> list[tuple[str, str, str]]:
    """Protocol, the protocol to show, and number: those of breasts last, once, and without protocol."""
    names = list(names)
    of_detections = [(protocol, protocol, name) for protocol, name in names if name not in BREAST_TITLES]
    return of_detections + [(p, '', name) for p, name in names if name in BREAST_TITLES and p == names[0][0]]


def _difference_row(protocol: str, name: str, result: ModelComparison) -> Row:
    difference = result.differences[name]
    interval = '' if np.isnan(difference.low) else f'[{difference.low:+.3f}, {difference.high:+.3f}]'
    row = {
        'Protocol': protocol,
        'Number': BREAST_TITLES.get(name, name),
        'First': f'{difference.first:.3f}',
        'Second': f'{difference.second:.3f}',
        'Difference': f'{difference.difference:+.3f}',
        f'{difference.level:.0%} interval': interval,
        'p': _p_value(difference.p_value),
    }
    if result.permutation_p_values:
        row['p (permutation)'] = _p_value(result.permutation_p_values.get(name, float('nan')))
    return row


def column_names(rows: Sequence[Row]) -> list[str]:
    """All columns in order of first appearance, the AUC last."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    return sorted(names, key=_AUC_TITLE.__eq__)


def screen_table(rows: Sequence[Row], title: str = '') -> Table:
    """The rows for a screen of 80 columns: two decimals, the interval below where there is one."""
    names = column_names(rows)
    table = Table(title=title or None, title_justify='left')
    for name in names:
        table.add_column(name, justify='left' if name in _TEXT_COLUMNS else 'right', overflow='fold')
    for row in rows:
        table.add_row(*(_cell(row.get(name, '')) for name in names))
    levels = {cell.level for row in rows for cell in row.values() if isinstance(cell, Estimate) and cell.has_interval}
    if levels:
        table.caption = ', '.join(f'{level:.0%}' for level in sorted(levels)) + ' intervals below the numbers'
        table.caption_justify = 'left'
    return table


def _cell(content: str | Estimate) -> str:
    if isinstance(content, str):
        return content
    value = 'n/a' if np.isnan(content.value) else f'{content.value:.2f}'
    return f'{value}\n{content.low:.2f}-{content.high:.2f}' if content.has_interval else value


def _p_value(p: float) -> str:
    return '' if np.isnan(p) else '< 0.001' if p < 0.001 else f'{p:.3f}'


def _number_row(protocol: str, name: str, number: Estimate) -> Row:
    value, error, interval = number.parts()
    return {
        'Protocol': protocol,
        'Number': BREAST_TITLES.get(name, name),
        'Value': value,
        'SE': error.removeprefix('± '),
        f'{number.level:.0%} interval': interval,
    }
