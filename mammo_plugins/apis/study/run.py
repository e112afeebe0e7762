"""A whole study: phantoms, the FFDM weights of each seed, all other rows, the tables."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from mmengine.config import Config
from rich.console import Console

from mammo_plugins.compat.config_paths import find_config
from mammo_plugins.io.whole_file import write_whole

from mammo_plugins.apis.phantoms import prepare_phantoms
from .jobs import StudyJob, run_jobs
from .mm3d import MM3D_STUDY
from .page import claims_table, rows_table
from .results import CheckedClaim, RowNumber, check_claims, row_numbers, sample_rows
from .rows import Study

STUDIES = {'mm3d': MM3D_STUDY}


@dataclass(frozen=True)
class StudyResult:
    """What a study left.

    Attributes:
        numbers: row to protocol to number.
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
) -> StudyResult:
    """Trains and tests rows of a paper on phantoms, and compares all that are done.

    Each seed has phantoms, weights and subsets of its own. What an earlier run in the same folder finished is kept, and
    stands in the tables too.

    Args:
        name: of the study, see :data:`STUDIES`.
        out: folder; a seed takes a folder in it.
        preset: size of everything, such as ``small`` for two cores.
        rows: names of the rows to train, all by default; always with those that they start from.
        seeds: the seeds.
        workers: trainings side by side; by default one a core, or one where there is a GPU.
        bootstrap: replicates of the intervals and paired tests.

    Raises:
        ValueError: no such study, preset or row, or the folder holds another one.
        RuntimeError: a training failed.
    """
    study, out = _find(name, preset), Path(out)
    wanted = study.select(rows or [row.name for row in study.rows])
    settings = Config.fromfile(find_config(study.presets[preset])).study
    about = {'study': name, 'preset': preset, 'sizes': settings.to_dict()}
    _claim_folder(out, about)
    roots = {seed: out / f'seed{seed}' for seed in seeds}
    jobs = _list_jobs(wanted, preset, roots)
    if not all(job.is_done for job in jobs):
        _prepare(wanted, settings, roots, workers)
        _run(wanted, jobs, workers or _default_workers())
    study = study.select(_finished_rows(study, preset, roots))
    jobs = _list_jobs(study, preset, roots)
    samples = sample_rows(study, roots, bootstrap)
    numbers, claims = row_numbers(study, samples), check_claims(study, samples)
    content = {
        'settings': {**about, 'seeds': list(seeds), 'bootstrap': bootstrap},
        'seconds': {f'{job.seed}/{job.row.name}': job.seconds for job in jobs},
        'rows': {
            row: {protocol: {n: number.as_dict() for n, number in of.items()} for protocol, of in by_protocol.items()}
            for row, by_protocol in numbers.items()
        },
        'claims': [checked.as_dict() for checked in claims],
    }
    json_path = out / 'results.json'
    write_whole(json_path, json.dumps(content, indent=1, allow_nan=False) + '\n')
    tables = f'{rows_table(study, numbers)}\n{claims_table(study, claims)}'
    write_whole(out / 'tables.md', tables)
    return StudyResult(numbers, claims, json_path, tables)


def _find(name: str, preset: str) -> Study:
    if name not in STUDIES:
        raise ValueError(f'unknown study {name!r}: expected one of {", ".join(STUDIES)}')
    study = STUDIES[name]
    if preset not in study.presets:
        raise ValueError(f'unknown preset {preset!r} of study {name}: expected one of {", ".join(study.presets)}')
    return study


def _list_jobs(study: Study, preset: str, roots: dict[int, Path]) -> list[StudyJob]:
    return [StudyJob(study, row, preset, seed, root) for seed, root in roots.items() for row in study.rows]


def _finished_rows(study: Study, preset: str, roots: dict[int, Path]) -> list[str]:
    """Names of the rows that are done with every seed."""
    jobs = _list_jobs(study, preset, roots)
    left = {job.row.name for job in jobs if not job.is_done}
    return [row.name for row in study.rows if row.name not in left]


def _claim_folder(out: Path, about: dict) -> None:
    """Notes what the folder holds; results of other settings must not be taken for these."""
    note, text = out / 'study.json', json.dumps(about, indent=1) + '\n'
    if note.is_file() and note.read_text() != text:
        raise ValueError(f'{out} holds a study with other settings ({note}): give another folder, or delete it')
    write_whole(note, text)


def _prepare(study: Study, settings: Config, roots: dict[int, Path], workers: int | None) -> None:
    for seed, root in roots.items():
        root.mkdir(parents=True, exist_ok=True)
        annotations = prepare_phantoms(
            root,
            settings.cases,
            seed,
            settings.split,
            workers,
            dict(settings.get('phantoms', {})),
            settings.get('size'),
        )
        if study.prepare is not None:
            study.prepare(annotations, root)


def _run(study: Study, jobs: Sequence[StudyJob], workers: int) -> None:
    """Rows after those whose weights they start from."""
    console, start = Console(), time.perf_counter()
    left = sum(not job.is_done for job in jobs)
    done = 0

    def report(job: StudyJob, seconds: float) -> None:
        nonlocal done
        done += 1
        remaining = timedelta(seconds=round((time.perf_counter() - start) / done * (left - done)))
        console.print(f'{done}/{left} {job}: {seconds:.0f} s, about {remaining} left', highlight=False, soft_wrap=True)

    depths = {row.name: len(study.origins(row.name)) for row in study.rows}
    for depth in sorted({*depths.values()}):
        run_jobs([job for job in jobs if depths[job.row.name] == depth], workers, report)


def _default_workers() -> int:
    import torch

    return 1 if torch.cuda.is_available() else os.cpu_count() or 1
