"""Stages of a study's seeds, many of them side by side, each after what it takes from, and none of them twice."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

import torch

from mammo_plugins.apis.stages import Plan, StageFolder, run_stages
from mammo_plugins.apis.stages.records import PARTIAL
from mammo_plugins.datasets.worker_processes import started_pool

from .prepared_images import prepare_images


@dataclass(frozen=True)
class StageJob:
    """A stage of a seed.

    Attributes:
        plan: of the seed.
        name: of the stage.
        seed: the seed.
        root: its folder.
    """

    plan: Plan
    name: str
    seed: int
    root: Path

    @property
    def needs(self) -> set[tuple[int, str]]:
        """Seed and name of the stages that come before."""
        return {(self.seed, need) for need in self.plan.stage(self.name).all_needs}

    @property
    def log(self) -> Path:
        """What it printed."""
        return self.root / 'logs' / f'{self.name}.txt'

    def __str__(self) -> str:
        return f'seed {self.seed}, {self.name}'


def run_jobs(jobs: Sequence[StageJob], workers: int, on_done: Callable[[StageJob, float], None]) -> None:
    """Runs jobs, each in one of ``workers`` processes, as soon as those of them are done that it needs.

    Args:
        jobs: none of them done yet.
        workers: processes; each has its share of the cores.
        on_done: called with each job and its seconds.

    Raises:
        RuntimeError: a job failed; the message names it and its log. The others are not begun. Or no process can be
            started.
    """
    waiting = {(job.seed, job.name): job for job in jobs}
    unfinished = set(waiting)
    running: dict[Future, StageJob] = {}
    threads = max(1, (os.cpu_count() or 1) // workers)
    with started_pool(workers, _prepare_worker, (threads,)) as pool:
        while unfinished:
            for key, job in list(waiting.items()):
                if not job.needs & unfinished:
                    running[pool.submit(run_job, waiting.pop(key))] = job
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                job = running[future]
                try:
                    seconds = future.result()
                except BrokenProcessPool as error:
                    raise RuntimeError(_say_broken(list(running.values()))) from error
                except Exception as error:
                    pool.shutdown(cancel_futures=True)
                    raise RuntimeError(f'{job}: {error} (see {job.log})') from error
                del running[future]
                unfinished.discard((job.seed, job.name))
                on_done(job, seconds)


def _say_broken(jobs: Sequence[StageJob]) -> str:
    begun = [job for job in jobs if StageFolder(job.plan, job.root).state(job.plan.stage(job.name)).name == PARTIAL]
    return (
        'a process was ended from outside, by lack of memory perhaps, while there ran '
        + ', '.join(f'{job} ({job.log})' for job in begun)
        + ': run the study again, and it goes on; fewer --workers take less memory'
    )


def run_job(job: StageJob) -> float:
    """Runs a stage, from where it was stopped; gives the seconds on the wall clock."""
    start = time.perf_counter()
    job.log.parent.mkdir(parents=True, exist_ok=True)
    with job.log.open('a') as stream, contextlib.redirect_stdout(stream), contextlib.redirect_stderr(stream):
        prepare_images(job.plan.stage(job.name))
        run_stages(job.plan, job.root, only=[job.name], redo=())
    return time.perf_counter() - start


def _prepare_worker(threads: int) -> None:
    torch.set_num_threads(threads)
