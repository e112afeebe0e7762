"""A whole study: phantoms of each seed, what the rows need, their tests, the tables."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from rich.console import Console

from mammo_plugins.apis.phantoms import prepare_phantoms
from mammo_plugins.io.whole_file import write_whole

from .catalogue import find_study
from .jobs import StageJob, run_jobs
from .page import study_page
from .results import CheckedClaim, RowNumber, check_claims, row_numbers, sample_rows
from .seed_folder import SeedFolder
from .study import Study

_DATA_SEEDS = 1_000_003
"""Distance of the seeds of two data sets, so that no patient is in both."""


@dataclass(frozen=True)
class StudyResult:
    """What a study left.

    Attributes:
        numbers: row to reading to number.
        claims: what the paper says of pairs of rows.
        json_path: everything, with the settings behind it.
        tables: the tables as Markdown.
    """

    numbers: dict[str, dict[str, dict[str, RowNumber]]]
    claims: list[CheckedClaim]
    json_path: Path
    tables: str


def run_study(
    name: str = 'mm3d',
    out: str | Path = 'study',
    *,
    preset: str = 'small',
    rows: Sequence[str] | None = None,
    seeds: Sequence[int] = (0, 1, 2),
    workers: int | None = None,
    bootstrap: int = 1000,
    redo: bool = False,
) -> StudyResult:
    """Trains and tests rows of a paper on phantoms, and compares all that are done.

    Each seed has phantoms, weights and subsets of its own. What an earlier run in the same folder finished is kept, and
    stands in the tables too; what was stopped goes on.

    Args:
        name: of the study or its file, see :func:`~.catalogue.find_study`.
        out: folder; a seed takes a folder in it.
        preset: size of everything, such as ``small`` for two cores.
        rows: names of the rows to train, all by default; with all that they build on.
        seeds: the seeds.
        workers: trainings side by side; by default one a core, or one where there is a GPU.
        bootstrap: replicates of the intervals and paired tests.
        redo: run again from nothing what is done with another config, and all that builds on it.

    Raises:
        ValueError: no such study, preset or row, the folder holds another one, or something in it was done with another
            config.
        RuntimeError: a training failed.
    """
    study, out = find_study(name), Path(out)
    if preset not in study.presets:
        raise ValueError(f'unknown preset {preset!r} of study {name}: expected one of {", ".join(study.presets)}')
    wanted = study.select(rows or [row.name for row in study.rows])
    about = {'study': name, 'preset': preset, 'sizes': study.presets[preset].settings}
    _claim_folder(out, about)
    folders = [SeedFolder(study, preset, seed, out / f'seed{seed}') for seed in seeds]
    needed = [entry.name for entry in study.needed_entries(wanted.rows)]
    _write_configs(folders, needed, redo)
    jobs = [
        StageJob(folder.plan, name, folder.seed, folder.root)
        for folder in folders
        for name in needed
        if not folder.is_done(name)
    ]
    if jobs:
        _prepare(study, folders, workers)
        _run(jobs, workers or _default_workers())
    finished = study.select([row.name for row in study.rows if _is_finished(study, row.name, folders)])
    samples = sample_rows(finished, folders, bootstrap)
    numbers, claims = row_numbers(finished, samples), check_claims(finished, samples)
    content = {
        'settings': {**about, 'seeds': list(seeds), 'bootstrap': bootstrap},
        'seconds': _seconds(finished, folders),
        'rows': {
            row: {reading: {n: number.as_dict() for n, number in of.items()} for reading, of in by_reading.items()}
            for row, by_reading in numbers.items()
        },
        'claims': [checked.as_dict() for checked in claims],
    }
    json_path = out / 'results.json'
    write_whole(json_path, json.dumps(content, indent=1, allow_nan=False) + '\n')
    tables = study_page(finished, numbers, claims)
    write_whole(out / 'tables.md', tables)
    return StudyResult(numbers, claims, json_path, tables)


def _write_configs(folders: Sequence[SeedFolder], names: Sequence[str], redo: bool) -> None:
    """Results of another config must not be taken for those of this one."""
    for folder in folders:
        entries = [entry for entry in folder.study.entries() if entry.name in names]
        changed = folder.write_configs(entries)
        if changed and not redo:
            raise ValueError(
                f'{", ".join(changed)} in {folder.root} was done with another config: run it again from nothing with '
                '--redo, or give another folder'
            )
        if changed:
            folder.forget(changed)
            folder.write_configs(entries)


def _is_finished(study: Study, row: str, folders: Sequence[SeedFolder]) -> bool:
    tests = [entry.name for entry in study.entries() if entry.row == row and entry.test is not None]
    return all(folder.is_done(name) for folder in folders for name in tests)


def _seconds(study: Study, folders: Sequence[SeedFolder]) -> dict[str, dict[str, float]]:
    """Seed and row, or seed and what rows share, to seconds; what was deleted since is left out."""
    parts: dict[str, list[str]] = {}
    for entry in study.entries():
        parts.setdefault(entry.row or entry.name, []).append(entry.name)
    return {
        f'{folder.seed}/{part}': folder.seconds(names)
        for folder in folders
        for part, names in parts.items()
        if all(folder.is_done(name) for name in names)
    }


def _claim_folder(out: Path, about: Mapping[str, Any]) -> None:
    """Notes what the folder holds; results of other settings must not be taken for these."""
    note, text = out / 'study.json', json.dumps(about, indent=1) + '\n'
    if note.is_file() and note.read_text() != text:
        raise ValueError(f'{out} holds a study with other settings ({note}): give another folder, or delete it')
    write_whole(note, text)


def _prepare(study: Study, folders: Sequence[SeedFolder], workers: int | None) -> None:
    for folder in folders:
        for number, (name, settings) in enumerate(folder.preset.datasets.items()):
            annotations = folder.annotations[name]
            annotations.parent.mkdir(parents=True, exist_ok=True)
            prepare_phantoms(
                annotations.parent,
                settings['cases'],
                folder.seed + number * _DATA_SEEDS,
                settings['split'],
                workers,
                dict(settings.get('phantoms', {})),
                settings.get('size'),
                settings.get('preset', 'demo'),
            )
        if study.prepare is not None:
            study.prepare(next(iter(folder.annotations.values())), folder.root)


def _run(jobs: Sequence[StageJob], workers: int) -> None:
    console, start, done = Console(), time.perf_counter(), 0

    def report(job: StageJob, seconds: float) -> None:
        nonlocal done
        done += 1
        remaining = timedelta(seconds=round((time.perf_counter() - start) / done * (len(jobs) - done)))
        text = f'{done}/{len(jobs)} {job}: {seconds:.0f} s, about {remaining} left'
        console.print(text, highlight=False, soft_wrap=True)

    run_jobs(jobs, workers, report)


def _default_workers() -> int:
    import torch

    return 1 if torch.cuda.is_available() else os.cpu_count() or 1
