"""The log: a chain that shows every change, whole after a crash."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mammo_plugins.apis.serve import event_log
from mammo_plugins.apis.serve.event_log import EventLog, LogError, verify_log
from mammo_plugins.apis.serve.job_table import JobTable


@pytest.fixture
def table(tmp_path):
    table = JobTable(tmp_path / 'jobs.sqlite', lambda: 1000.0)
    for number in range(5):
        table.note('something', job=number)
    yield table
    table.close()


@pytest.fixture
def path(tmp_path, table):
    EventLog(tmp_path / 'events.jsonl', table.events_after).write_pending()
    return tmp_path / 'events.jsonl'


def test_lines_hold_the_digest_of_the_line_before(path):
    entries = [json.loads(line) for line in path.read_text().splitlines()]
    assert [entry['number'] for entry in entries] == [1, 2, 3, 4, 5]
    assert entries[0]['previous'] == '0' * 64
    assert [entry['previous'] for entry in entries[1:]] == [entry['sha256'] for entry in entries[:-1]]
    assert entries[0]['time'] == '1970-01-01T00:16:40.000+00:00'
    assert verify_log(path, 5) == 5


@pytest.mark.parametrize(
    ('damage', 'line'),
    [
        (lambda lines: [lines[0], lines[1].replace('"job":1', '"job":9'), *lines[2:]], 2),
        (lambda lines: [lines[0], *lines[2:]], 2),
        (lambda lines: [lines[0], lines[2], lines[1], *lines[3:]], 2),
        (lambda lines: lines[1:], 1),
        (lambda lines: [*lines, lines[-1]], 6),
        (lambda lines: [*lines, 'nothing'], 6),
        (lambda lines: [*lines[:4], lines[4][:-20]], 5),
    ],
    ids=['changed', 'taken out', 'moved', 'begin cut', 'repeated', 'added', 'last cut'],
)
def test_broken_chain_is_found_at_its_line(damage, line, path):
    path.write_text('\n'.join(damage(path.read_text().splitlines())) + '\n')
    with pytest.raises(LogError, match=f'broken at line {line}'):
        verify_log(path, 5)


def test_lines_missing_at_the_end_are_found_by_the_table(path):
    path.write_text('\n'.join(path.read_text().splitlines()[:3]) + '\n')
    with pytest.raises(LogError, match='2 lines are missing at the end, after line 3'):
        verify_log(path, 5)


def test_line_that_a_crash_cut_short_is_written_again(path, table):
    whole = path.read_bytes()
    path.write_bytes(whole[:-30])
    EventLog(path, table.events_after).write_pending()
    assert path.read_bytes() == whole


def test_log_goes_on_where_it_ended(path, table):
    table.note('more')
    log = EventLog(path, table.events_after)
    assert log.write_pending() == 6
    assert log.write_pending() == 6
    assert verify_log(path, table.num_events) == 6


@pytest.mark.parametrize('moment', ['write', 'rest of a write', 'fsync'])
def test_log_is_whole_after_a_line_that_could_not_be_written(moment, path, table, monkeypatch):
    log = EventLog(path, table.events_after)
    whole = path.read_bytes()
    table.note('more')
    real = Path.open

    def full(*_):
        raise OSError(28, 'No space left on device')

    class FullFile:
        def __init__(self, file):
            self._file, self._parts = file, 0

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self._file.close()

        def __getattr__(self, name):
            return getattr(self._file, name)

        def write(self, data):
            self._parts += 1
            if moment == 'write' or self._parts == 2:
                full()
            return self._file.write(data[:20])

    with monkeypatch.context() as patch:
        if moment == 'fsync':
            patch.setattr(event_log.os, 'fsync', full)
        else:
            patch.setattr(Path, 'open', lambda self, *args, **options: FullFile(real(self, *args, **options)))
        with pytest.raises(OSError, match='No space left'):
            log.write_pending()
    assert path.read_bytes() == whole
    table.note('and more')
    assert log.write_pending() == 7
    assert verify_log(path, table.num_events) == 7
    assert EventLog(path, table.events_after).write_pending() == 7
