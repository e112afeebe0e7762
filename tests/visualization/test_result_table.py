from __future__ import annotations

import io
from types import SimpleNamespace

from rich.console import Console

from mammo_plugins.evaluation.functional import Estimate
from mammo_plugins.visualization import model_rows, number_rows, screen_table


def result(recall, auc=0.75):
    numbers, breast_auc = {'R@0.25': Estimate(recall, 0.02, 0.4, 0.6)}, Estimate(auc)
    breasts = {'breast_auc': breast_auc, 'breast_ap': Estimate(0.5)}
    return SimpleNamespace(numbers=numbers, breast_auc=breast_auc, metrics=lambda: numbers | breasts)


def test_numbers_become_rows_and_those_of_breasts_come_once():
    rows = number_rows({'mm3d': result(0.5), 'mm3d-2d': result(0.6)})
    assert [list(row.values()) for row in rows] == [
        ['mm3d', 'R@0.25', '0.500', '0.020', '[0.400, 0.600]'],
        ['mm3d-2d', 'R@0.25', '0.600', '0.020', '[0.400, 0.600]'],
        ['', 'Breast AUC', '0.750', '', ''],
        ['', 'Breast AP', '0.500', '', ''],
    ]


def test_models_become_rows_with_one_auc():
    rows = model_rows({'MIP': {'mm3d-2d': result(0.4)}, 'M&M-3D': {'mm3d-2d': result(0.6), 'mm3d': result(0.5)}})
    assert list(rows[1]) == ['Model', 'R@0.25 (mm3d-2d)', 'R@0.25 (mm3d)', 'Breast AUC']


def test_table_leaves_a_missing_number_blank_and_puts_the_auc_last():
    rows = model_rows({'MIP': {'mm3d-2d': result(0.4)}, 'M&M-3D': {'mm3d-2d': result(0.6), 'mm3d': result(0.5)}})
    table = screen_table(rows)
    assert [column.header for column in table.columns][-1] == 'Breast AUC'
    console = Console(record=True, width=80, file=io.StringIO())
    console.print(table)
    lines = [line.strip('│').split('│') for line in console.export_text().splitlines()]
    row = next(number for number, cells in enumerate(lines) if cells[0].strip() == 'MIP')
    assert [cell.strip() for cell in lines[row]] == ['MIP', '0.40', '', '0.75']
    assert [cell.strip() for cell in lines[row + 1]] == ['', '0.40-0.60', '', '']
    assert lines[-1][0].strip() == '95% intervals below the numbers'


def test_table_without_intervals_says_nothing_about_them():
    table = screen_table([{'Model': 'M&M', 'Breast AUC': Estimate(0.75)}])
    assert table.caption is None
