"""Reads many files at once in several processes, with a progress bar."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import TypeVar

from rich.console import Console
from rich.progress import track

Job = TypeVar('Job')
Result = TypeVar('Result')

_MIN_JOBS_A_PROCESS = 32  # below it, starting a process takes longer than the reading
_CHUNK = 4


def read_in_parallel(
    read: Callable[[Job], Result],
    jobs: Sequence[Job],
    workers: int | None = None,
    show_progress: bool = True,
    description: str = 'Reading files',
) -> list[Result]:
    """What ``read`` gives for each job, in order.

    Args:
        read: a function of a module, so that other processes find it; it must not raise.
        jobs: its arguments.
        workers: processes; one for each processor, and no more than the work is worth, where None.
        show_progress: a bar with the remaining time on standard error.
        description: of the bar.
    """
    processes = max(1, min(workers or os.cpu_count() or 1, len(jobs) // _MIN_JOBS_A_PROCESS))
    results = _run(read, jobs, processes)
    if show_progress:
        results = track(results, description, total=len(jobs), console=Console(stderr=True))
    return list(results)


def _run(read: Callable[[Job], Result], jobs: Sequence[Job], processes: int) -> Iterator[Result]:
    if processes == 1:
        yield from map(read, jobs)
        return
    # A fresh interpreter: forking a process that runs threads (torch, BLAS) may hang.
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context('spawn')) as pool:
        yield from pool.map(read, jobs, chunksize=_CHUNK)
