"""The figures of docs/datasets.md are those of the benchmarks' json."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.markdown_tables import read_tables

REPOSITORY = Path(__file__).parents[2]
PAGE = (REPOSITORY / 'docs/datasets.md').read_text()


@pytest.fixture
def result():
    def read(name):
        return json.loads((REPOSITORY / f'tools/benchmarks/results/{name}.json').read_text())

    return read


def rows_with(column):
    return next(table for table in read_tables(PAGE) if column in table[0])


def test_memory_and_time_of_reading_a_volume(result):
    ways = result('read_volume')['ways']
    shown = [tuple(row.values())[1:] for row in rows_with('own MiB')]
    assert shown == [
        (f'{way["seconds"]:.1f}', f'{way["own_mib"]:.0f}', f'{way["peak_mib"]:.0f}') for way in ways.values()
    ]
    assert f'{ways["whole"]["own_mib"] / ways["streamed"]["own_mib"]:.1f} times less' in PAGE


def test_a_caching_worker_takes_less_than_a_gigabyte_a_fifth_of_the_whole_and_no_longer(result):
    ways = result('read_volume')['ways']
    assert ways['streamed']['peak_mib'] < 1e9 / 2**20
    assert ways['streamed']['own_mib'] * 5 < ways['whole']['own_mib']
    assert ways['streamed']['seconds'] < ways['whole']['seconds']


def test_reading_against_a_training_step(result):
    content = result('data_loading')
    step = content['step_s']
    assert f'a step takes {step:.0f} s' in PAGE
    for row in rows_with('seconds a breast'):
        seconds = content['read_s'][row['way'].lower()]
        assert float(row['seconds a breast']) == pytest.approx(seconds, abs=0.006)
        assert float(row['share of a training step']) == pytest.approx(seconds / step, abs=0.0005)


def test_converting_long_tables(result):
    content = result('convert_tables')
    assert all(of['rows'] == 20_000 for of in content.values())
    vindr, embed = (content[name]['seconds'] for name in ('vindr-mammo', 'embed'))
    assert f'VinDr-Mammo take\n  {vindr:.1f} s, of EMBED {embed:.1f} s' in PAGE


def test_opening_four_volumes_takes_less_than_5_s_and_1_5_gb(result):
    content = result('viewer')
    assert content['size'] == '2457x1890x60'
    assert content['seconds_until_all_are_seen'] < 5 and content['peak_mib_of_all_slices'] < 1.5e9 / 2**20
    page = (REPOSITORY / 'docs/viewer.md').read_text()
    for figure in (
        f'| {content["seconds_until_all_are_seen"]:.1f} s |',
        f'| {content["peak_mib_while_opening"]:.0f} MiB |',
        f'| {content["peak_mib_of_all_slices"]:.0f} MiB |',
        f'| {content["file_mib"]:.0f} MiB |',
    ):
        assert figure in page
