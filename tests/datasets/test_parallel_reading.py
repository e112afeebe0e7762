"""Work in processes, one of which ends."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mammo_plugins.datasets.parallel_reading import read_in_parallel
from mammo_plugins.datasets.worker_processes import UNGUARDED


def double(number: int) -> int:
    return 2 * number


def double_or_crash(number: int) -> int:
    if number in (3, 20):
        os._exit(1)  # what a decoder in C does on a damaged file
    return 2 * number


def lose(number: int) -> int:
    return -number


@pytest.mark.parametrize('workers', [0, 1, 2, None])
def test_results_come_in_the_order_of_the_jobs(workers):
    jobs = list(range(30))
    assert read_in_parallel(double, jobs, lose, workers=workers, show_progress=False) == [2 * job for job in jobs]


def test_only_the_jobs_that_end_their_process_are_lost():
    jobs = list(range(22))
    found = read_in_parallel(double_or_crash, jobs, lose, workers=2, show_progress=False)
    assert found == [-job if job in (3, 20) else 2 * job for job in jobs]


def test_no_jobs_need_no_process():
    assert read_in_parallel(double, [], lose, workers=2, show_progress=False) == []


def test_impossible_number_of_workers_is_refused():
    with pytest.raises(ValueError, match='-1 workers cannot work: give at least 0'):
        read_in_parallel(double, [1], lose, workers=-1)


SCRIPT = """
from mammo_plugins.datasets.parallel_reading import read_in_parallel

def double(number):
    return 2 * number

{guard}print(read_in_parallel(double, list(range(40)), double, workers=2, show_progress=False)[-1])
"""


def run_script(folder, guard):
    script = folder / 'script.py'
    script.write_text(SCRIPT.format(guard=guard))
    root = Path(__file__).parents[2]
    environment = {**os.environ, 'PYTHONPATH': str(root)}
    return subprocess.run([sys.executable, script], capture_output=True, text=True, env=environment, timeout=120)


def test_script_that_does_not_guard_its_start_is_told_so_at_once(tmp_path):
    ended = run_script(tmp_path, guard='')
    assert ended.returncode == 1 and ended.stdout == ''
    assert ended.stderr.strip().splitlines()[-1] == f'RuntimeError: {UNGUARDED}'
    assert ended.stderr.count('Traceback') == 1 and 'decoder' not in ended.stderr  # processes themselves keep still


def test_script_that_guards_its_start_reads(tmp_path):
    ended = run_script(tmp_path, guard="if __name__ == '__main__':\n    ")
    assert (ended.returncode, ended.stdout) == (0, '78\n')
