"""Training and testing of a row with a seed, many of them side by side, and none of them twice."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import torch

from mammo_plugins.io.whole_file import write_whole

from mammo_plugins.apis.test import evaluate_checkpoint
from mammo_plugins.apis.train import train
from .row_config import row_config
from .rows import Study, StudyRow


@dataclass(frozen=True)
class StudyJob:
    """A row with a seed.

    Attributes:
        study: the rows.
        row: the one to train, unless it is inference-only, and to test.
        preset: size of everything.
        seed: of phantoms, weights and order.
        root: folder of the seed.
    """

    study: Study
    row: StudyRow
    preset: str
    seed: int
    root: Path

    @property
    def predictions(self) -> Path:
        """What is left of the job once it is done: findings in the test split."""
        return self.root / 'predictions' / f'{self.row.name}.csv'

    @property
    def seconds(self) -> dict[str, float]:
        """What the job took, once it is done: ``wall``, and ``cpu`` of its process, whatever else ran."""
        return json.loads(self._times.read_text())

    @property
    def is_done(self) -> bool:
        return self._times.is_file()

    @property
    def log(self) -> Path:
        """What training and testing printed."""
        return self.root / 'logs' / f'{self.row.name}.txt'

    @property
    def _times(self) -> Path:
        return self.predictions.with_suffix('.json')

    def finish(self, seconds: Mapping[str, float]) -> None:
        """Notes that the job is done, and how long it took."""
        write_whole(self._times, json.dumps({clock: round(value, 1) for clock, value in seconds.items()}) + '\n')

    def __str__(self) -> str:
        return f'seed {self.seed}, {self.row.title}'


def run_jobs(jobs: Sequence[StudyJob], workers: int, on_done: Callable[[StudyJob, float], None]) -> None:
    """Runs what is not done yet, each job in one of ``workers`` processes.

    Args:
        jobs: independent of each other.
        workers: processes; each has its share of the cores.
        on_done: called with each job and its seconds.

    Raises:
        RuntimeError: a job failed; the message names it and its log. The others are not begun.
    """
    left = [job for job in jobs if not job.is_done]
    threads = max(1, (os.cpu_count() or 1) // workers)
    context = multiprocessing.get_context('spawn')
    with ProcessPoolExecutor(workers, context, initializer=_prepare_worker, initargs=(threads,)) as pool:
        running = {pool.submit(run_job, job): job for job in left}
        for future in as_completed(running):
            job = running[future]
            try:
                on_done(job, future.result())
            except Exception as error:
                pool.shutdown(cancel_futures=True)
                raise RuntimeError(f'{job}: {error} (see {job.log})') from error


def run_job(job: StudyJob) -> float:
    """Trains and tests; gives the seconds on the wall clock."""
    start, cpu_start = time.perf_counter(), time.process_time()
    job.log.parent.mkdir(parents=True, exist_ok=True)
    with job.log.open('w') as stream, contextlib.redirect_stdout(stream), contextlib.redirect_stderr(stream):
        _train_and_test(job)
    seconds = time.perf_counter() - start
    job.finish({'wall': seconds, 'cpu': time.process_time() - cpu_start})
    return seconds


def _train_and_test(job: StudyJob) -> None:
    cfg = row_config(job.study, job.row, job.preset, job.root, job.seed)
    config = job.root / 'configs' / f'{job.row.name}.py'
    config.parent.mkdir(parents=True, exist_ok=True)
    cfg.dump(config)
    checkpoint = _start_weights(job) if job.row.from_ffdm else None
    if job.row.trained:
        work_dir = job.root / 'work_dirs' / job.row.name
        train(config, work_dir=work_dir, cfg_options={'load_from': checkpoint})
        checkpoint = str(work_dir / f'iter_{cfg.train_cfg.max_iters}.pth')
    job.predictions.parent.mkdir(parents=True, exist_ok=True)
    evaluate_checkpoint(
        config, checkpoint, out=job.predictions, work_dir=job.root / 'work_dirs' / f'test-{job.row.name}'
    )


def _start_weights(job: StudyJob) -> str:
    folder = job.root / 'work_dirs' / job.study.ffdm_row
    return (folder / 'last_checkpoint').read_text().strip()


def _prepare_worker(threads: int) -> None:
    torch.set_num_threads(threads)
