"""Work in processes, one of which ends."""

from __future__ import annotations

import os

import pytest

from mammo_plugins.datasets.parallel_reading import read_in_parallel


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
