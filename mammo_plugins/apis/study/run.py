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
from .prepared_images import can_prepare
from .results import CheckedClaim, RowNumber, check_claims, join_seeds, row_numbers, sample_seed
from .seed_folder import SeedFolder
from .seed_samples import SampledSeed, read_samples, write_samples
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
    gather: Sequence[str | Path] = (),
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
        gather: ``seedK-samples.npz`` of further seeds that were run in other folders, perhaps on other machines. Rows
            that all seeds have stand in the tables.

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
    gathered = _gather(study, gather, seeds, about, bootstrap, out)
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
        if not can_prepare():
            Console().print(
                "Each training loads its images anew: pip install 'mammo-plugins[cache]' for once", markup=False
            )
        _run(jobs, workers or _default_workers())
    sampled = [_sample(study, folder, about, bootstrap) for folder in folders] + gathered
    return _write_results(study, sorted(sampled, key=lambda one: one.seed), about, bootstrap, out)


def _write_results(
    study: Study, sampled: Sequence[SampledSeed], about: Mapping[str, Any], bootstrap: int, out: Path
) -> StudyResult:
    """Numbers, claims and tables of the rows that all seeds have."""
    rows_of_all = set.intersection(*(one.rows for one in sampled))
    finished = study.select([row.name for row in study.rows if row.name in rows_of_all])
    samples = join_seeds(finished, [one.samples for one in sampled])
    numbers, claims = row_numbers(finished, samples), check_claims(finished, samples)
    content = {
        'settings': {**about, 'seeds': [one.seed for one in sampled], 'bootstrap': bootstrap},
        'seconds': {f'{one.seed}/{part}': clocks for one in sampled for part, clocks in one.seconds.items()},
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


def _gather(
    study: Study, paths: Sequence[str | Path], seeds: Sequence[int], about: Mapping[str, Any], bootstrap: int, out: Path
) -> list[SampledSeed]:
    """Seeds of other runs, which must be of the same study as it stands here."""
    gathered = [read_samples(path, study) for path in paths]
    every = [*seeds, *(one.seed for one in gathered)]
    if not every or len(set(every)) < len(every):
        raise ValueError(f'a study needs seeds, each once, got {every}: see --seeds and --gather')
    for path, one in zip(paths, gathered):
        if (dict(one.about), one.bootstrap) != (json.loads(json.dumps(about)), bootstrap):
            raise ValueError(
                f'{path} is of {one.about} with {one.bootstrap} replicates, and not of {dict(about)} with {bootstrap}'
            )
        folder = SeedFolder(study, about['preset'], one.seed, out / f'seed{one.seed}')
        now = folder.digests([entry for entry in study.entries() if entry.name in one.digests])
        if changed := [name for name, digest in one.digests.items() if now.get(name) != digest]:
            raise ValueError(f'{path}: {", ".join(changed)} ran with another config than the study has now')
    return gathered


def _sample(study: Study, folder: SeedFolder, about: Mapping[str, Any], bootstrap: int) -> SampledSeed:
    """The numbers of a seed's finished rows, kept in a file beside its folder."""
    finished = study.select([row.name for row in study.rows if _is_finished(study, row.name, folder)])
    needed = study.needed_entries(finished.rows)
    samples = sample_seed(finished, folder, bootstrap)
    sampled = SampledSeed(folder.seed, about, bootstrap, folder.digests(needed), _seconds(finished, folder), samples)
    write_samples(sampled, finished, folder.root.with_name(f'{folder.root.name}-samples.npz'))
    return sampled


def _is_finished(study: Study, row: str, folder: SeedFolder) -> bool:
    tests = [entry.name for entry in study.entries() if entry.row == row and entry.test is not None]
    return all(folder.is_done(name) for name in tests)


def _seconds(study: Study, folder: SeedFolder) -> dict[str, dict[str, float]]:
    """Row, or what rows share, to seconds; what was deleted since is left out."""
    parts: dict[str, list[str]] = {}
    for entry in study.entries():
        parts.setdefault(entry.row or entry.name, []).append(entry.name)
    return {part: folder.seconds(names) for part, names in parts.items() if all(folder.is_done(name) for name in names)}


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
