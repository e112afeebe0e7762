"""Training and testing of a row with a seed, many of them side by side, and none of them twice."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import torch

from mammo_plugins.apis.stages import Plan, StageFolder, make_plan, run_stages
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
        plan = self.plan()
        folder = StageFolder(plan, self.root)
        times = [folder.read(plan.stage(name)).seconds for name in self.stage_names]
        return {clock: round(sum(seconds[clock] for seconds in times), 1) for clock in ('wall', 'cpu')}

    @property
    def is_done(self) -> bool:
        plan = self.plan()
        return StageFolder(plan, self.root).read(plan.stages[-1]) is not None

    @property
    def stage_names(self) -> list[str]:
        """The stages of this row, without the training that it starts from."""
        return [*([self.row.name] if self.row.trained else []), f'test-{self.row.name}']

    def write_config(self) -> None:
        """The row's config, for its stages."""
        path = self._config_of(self.row.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        self.study.make_config(self.study, self.row, self.preset, self.root, self.seed).dump(path)

    def _config_of(self, row: str) -> Path:
        return self.root / 'configs' / f'{row}.py'

    def plan(self) -> Plan:
        """The training that the row starts from, its own, and its test."""
        name, origins = self.row.name, self.study.origins(self.row.name)
        start = f'{{{self.row.start}}}' if self.row.start else None
        stages = [
            dict(
                name=row, config=str(self._config_of(row)), load_from=before and f'{{{before}}}', work_dir=_folder(row)
            )
            for before, row in zip([None, *origins], [*origins, *([name] if self.row.trained else [])])
        ]
        test = dict(
            name=f'test-{name}',
            kind='test',
            config=str(self._config_of(name)),
            checkpoint=f'{{{name}}}' if self.row.trained else start,
            predictions=f'predictions/{name}.csv',
            work_dir=_folder(f'test-{name}'),
        )
        return make_plan([*stages, test], source=str(self))

    @property
    def log(self) -> Path:
        """What training and testing printed."""
        return self.root / 'logs' / f'{self.row.name}.txt'

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
    start = time.perf_counter()
    job.log.parent.mkdir(parents=True, exist_ok=True)
    with job.log.open('w') as stream, contextlib.redirect_stdout(stream), contextlib.redirect_stderr(stream):
        job.write_config()
        run_stages(job.plan(), job.root, only=job.stage_names, redo=())
    return time.perf_counter() - start


def _folder(stage: str) -> str:
    return f'work_dirs/{stage}'


def _prepare_worker(threads: int) -> None:
    torch.set_num_threads(threads)
