"""Every number of the README's tables comes from the json that the command beside them writes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.markdown_tables import read_tables

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / 'projects/mm3d/results'
SHOWN_SEED = 0
SEEDS = [int(path.stem.removeprefix('demo_seed')) for path in sorted(RESULTS.glob('demo_seed*.json'))]
PROTOCOLS = {'2-D': 'mm3d-2d', '3-D': 'mm3d'}
SHORT_NAMES = {
    'M&M-3D': 'M&M-3D, fine-tuned',
    'MIP': 'M&M on MIP, fine-tuned',
    'MIP, 0 %': 'M&M on MIP, 0 % DBT data',
}


def table_with(column):
    return next(rows for rows in read_tables((ROOT / 'README.md').read_text()) if column in rows[0])


def demo_results(seed):
    return json.loads((RESULTS / f'demo_seed{seed}.json').read_text())


def demo_rows(seed):
    return demo_results(seed)['rows']


def number(results, column):
    """The rounded number that a column such as ``R@0.5 (3-D)`` shows of a row's results."""
    if column == 'breast AUC':
        return f'{results["mm3d-2d"]["metrics"]["breast_auc"]["value"]:.2f}'
    name, dimension = re.fullmatch(r'(R@\S+) \((2-D|3-D)\)', column).groups()
    protocol = PROTOCOLS[dimension]
    return f'{results[protocol]["metrics"][name]["value"]:.2f}' if protocol in results else ''


def test_table_of_one_run_is_what_the_demo_wrote():
    shown = table_with('model')
    written = demo_rows(SHOWN_SEED)
    assert [row['model'] for row in shown] == list(written)
    for row in shown:
        for column in list(row)[1:]:
            assert row[column] == number(written[row['model']], column), (row['model'], column)


def test_table_of_seeds_is_what_the_runs_wrote():
    shown = table_with('seed')
    assert [int(row['seed']) for row in shown] == SEEDS == [0, 1, 2]
    for row in shown:
        written = demo_results(int(row['seed']))
        assert written['settings']['seed'] == int(row['seed'])
        for column in list(row)[1:]:
            model, name = column.rsplit(': ', 1)
            assert row[column] == number(written['rows'][SHORT_NAMES[model]], name), (row['seed'], column)


def test_minutes_are_those_of_the_runs():
    minutes, shared = (
        sum(json.loads((RESULTS / f'{run}.json').read_text())['settings']['seconds'].values()) / 60
        for run in ('demo_other_machine', f'demo_seed{SHOWN_SEED}')
    )
    text = (ROOT / 'README.md').read_text()
    assert f'two free CPU cores, {minutes:.0f} minutes\nafter installation' in text and minutes <= 20
    assert f'took {shared:.0f} minutes' in text


def largest_difference(run: str) -> tuple[str, str, str]:
    """Of a run from the shown one: rows without training on DBT, all others, M&M-3D fine-tuned."""
    there, here = (
        json.loads((RESULTS / f'{name}.json').read_text())['rows'] for name in (run, f'demo_seed{SHOWN_SEED}')
    )
    largest = {
        row: max(
            abs(here[row][protocol]['metrics'][name]['value'] - there[row][protocol]['metrics'][name]['value'])
            for protocol in here[row]
            for name in ('R@0.25', 'R@0.5', 'breast_auc')
        )
        for row in here
    }
    without = max(value for row, value in largest.items() if '0 %' in row)
    with_training = max(value for row, value in largest.items() if '0 %' not in row)
    return tuple(f'{value:.2f}' for value in (without, with_training, largest['M&M-3D, fine-tuned']))


def test_differences_between_machines_are_those_of_the_runs():
    text = ' '.join((ROOT / 'README.md').read_text().split())
    without, with_training, detector = largest_difference('demo_other_machine')
    assert f'up to {without} away without training on DBT, {with_training} with it' in text
    assert f'and {detector} for M&M-3D fine-tuned' in text
    without, with_training, detector = largest_difference('demo_torch_2.4')
    assert f'single thread {without}, {with_training} and {detector} (' in text


@pytest.mark.parametrize('seed', SEEDS)
def test_fine_tuned_detector_meets_what_the_readme_says_of_it(seed):
    rows = demo_rows(seed)
    detector, projections = rows['M&M-3D, fine-tuned'], [row for name, row in rows.items() if 'MIP' in name]
    assert len(projections) == 2
    assert detector['mm3d']['metrics']['R@0.5']['value'] >= 0.6
    assert detector['mm3d']['metrics']['breast_auc']['value'] >= 0.75
    for projection in projections:
        found, flat = (row['mm3d-2d']['metrics']['R@0.25']['value'] for row in (detector, projection))
        assert found > flat
