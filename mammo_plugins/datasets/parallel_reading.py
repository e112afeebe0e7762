"""Reads many files at once in several processes, and outlives a process that a file has ended."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from rich.console import Console
from rich.progress import track

from .worker_processes import started_pool

Job = TypeVar('Job')
Result = TypeVar('Result')

LOST = 'reading it ends the process: a decoder has crashed on it'

_MIN_JOBS_A_PROCESS = 32  # below it, starting a process takes longer than the reading
_JOBS_AT_ONCE = 8


def read_in_parallel(
    read: Callable[[Job], Result],
    jobs: Sequence[Job],
    lost: Callable[[Job], Result],
    *,
    workers: int | None = None,
    title: str = 'Reading files',
    show_progress: bool = True,
    at_once: int = _JOBS_AT_ONCE,
) -> list[Result]:
    """What ``read`` gives for each job, in order.

    Decoders are compiled code, and a damaged file can end the process that reads it. Its jobs are then run again one by
    one, so that only the job at fault is lost.

    Args:
        read: a function of a module, so that other processes find it; it must not raise.
        jobs: its arguments.
        lost: the result of a job that has ended its process; :data:`LOST` says so in words.
        workers: processes; one for each processor, and no more than the work is worth, where None; this process itself,
            in which nothing is saved, where 0 or where a single one is worth it.
        title: of the progress bar.
        show_progress: a bar with the remaining time on standard error.
        at_once: jobs handed to a process; 1 for few and long ones.

    Raises:
        ValueError: fewer than 0 workers.
        RuntimeError: processes cannot start, see :func:`.worker_processes.started_pool`.
    """
    if workers is not None and workers < 0:
        raise ValueError(f'{workers} workers cannot work: give at least 0')
    if workers is None:
        worthwhile = min(os.cpu_count() or 1, len(jobs) // _MIN_JOBS_A_PROCESS)
        workers = worthwhile if worthwhile > 1 else 0
    finished: Iterator[tuple[int, Result]]
    if workers == 0 or not jobs:
        finished = ((index, read(job)) for index, job in enumerate(jobs))
    else:
        finished = _run_in_processes(read, jobs, lost, workers, at_once)
    if show_progress:
        finished = track(finished, title, total=len(jobs), console=Console(stderr=True))
    results = dict(finished)
    return [results[index] for index in range(len(jobs))]


def _run_in_processes(
    read: Callable[[Job], Result], jobs: Sequence[Job], lost: Callable[[Job], Result], workers: int, at_once: int
) -> Iterator[tuple[int, Result]]:
    batches = [range(start, min(start + at_once, len(jobs))) for start in range(0, len(jobs), at_once)]
    unfinished = []
    with started_pool(min(workers, len(batches))) as pool:
        futures = {pool.submit(_run_batch, read, [jobs[index] for index in batch]): batch for batch in batches}
        for future in as_completed(futures):
            try:
                yield from zip(futures[future], future.result(), strict=True)
            except BrokenProcessPool:
                unfinished += futures[future]
    # One at a time from here on: who breaks the pool is then known.
    while unfinished:
        with started_pool(1) as pool:
            while unfinished:
                index = unfinished.pop(0)
                try:
                    yield index, pool.submit(read, jobs[index]).result()
                except BrokenProcessPool:
                    yield index, lost(jobs[index])
                    break


def _run_batch(read: Callable[[Job], Result], jobs: Sequence[Job]) -> list[Result]:
    return [read(job) for job in jobs]
