"""Makes a phantom release: plans it, shares the patients out to processes and writes the tables."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import cv2

from mammo_plugins.datasets.worker_processes import started_pool

from .bcs_dbt_release import write_tables
from .patient_writer import PatientRecord, write_patient
from .release_plan import PatientPlan, plan_release
from .settings import PhantomSettings

FORMAT_VERSION = 1


def generate_release(
    folder: Path,
    settings: PhantomSettings,
    cases: int,
    seed: int,
    split_shares: Sequence[float] = (0.6, 0.15, 0.25),
    workers: int = 1,
    on_patient: Callable[[int], None] | None = None,
) -> PatientRecord:
    """Writes a release of ``cases`` patients into ``folder``; the bytes depend on settings, cases and seed only.

    Args:
        folder: made if missing; must be empty.
        settings: what to make.
        cases: patients.
        seed: of everything random.
        split_shares: patients in train, validation and test.
        workers: processes.
        on_patient: called with the number of finished patients after each.

    Returns:
        The rows of all patients.

    Raises:
        ValueError: the folder holds something, or the plan is impossible.
    """
    if folder.exists() and any(folder.iterdir()):
        raise ValueError(f'{folder} is not empty: give a new folder, or delete this one first')
    if workers < 1:
        raise ValueError(f'{workers} workers cannot work: need at least 1')
    plans = plan_release(settings, cases, seed, split_shares)
    folder.mkdir(parents=True, exist_ok=True)
    total = PatientRecord()
    for done, record in enumerate(_run(folder, settings, seed, plans, workers), start=1):
        total.images += record.images
        total.findings += record.findings
        total.boxes += record.boxes
        total.actionable |= record.actionable
        total.normals += record.normals
        if on_patient is not None:
            on_patient(done * cases // len(plans))
    write_tables(folder, total.images, total.findings, total.boxes, total.actionable, total.normals)
    about = dict(
        format_version=FORMAT_VERSION, seed=seed, cases=cases, split=list(split_shares), settings=settings.as_dict()
    )
    (folder / 'phantom.json').write_text(json.dumps(about, indent=2) + '\n', encoding='utf-8')
    return total


def _run(
    folder: Path, settings: PhantomSettings, seed: int, plans: list[PatientPlan], workers: int
) -> Iterator[PatientRecord]:
    """Records in the order of the plans, whoever finishes first."""
    jobs = [(folder, settings, seed, plan) for plan in plans]
    if workers == 1:
        yield from map(_write_job, jobs)
        return
    with started_pool(min(workers, len(jobs))) as pool:
        yield from pool.map(_write_job, jobs)


def _write_job(job: tuple[Path, PhantomSettings, int, PatientPlan]) -> PatientRecord:
    with _single_threaded_opencv():
        return write_patient(*job)


@contextmanager
def _single_threaded_opencv() -> Iterator[None]:
    """Work is shared out by patients; more threads inside of one only get in each other's way."""
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(threads)
