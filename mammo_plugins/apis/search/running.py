"""Runs a search: what is done is kept, what was begun goes on."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from mammo_plugins.apis.dask_workers import dask_client
from mammo_plugins.io.whole_file import write_whole

from .drawing import draw_parameters
from .search_file import Search
from .trial import DONE, Trial, run_trial, write_trial_plan

_RECORD = 'search.json'


def run_search(
    search: Search,
    out: str | Path,
    *,
    trials: int | None = None,
    seed: int = 0,
    workers: int = 1,
    scheduler: str | None = None,
    announce: Callable[[str], None] = print,
) -> list[Trial]:
    """Runs the trials that are not done; failed ones are run again.

    Args:
        search: what is searched.
        out: folder: ``search.json`` with all trials, and a folder a trial with its plan, log and weights.
        trials: how many in all; the search's own number where None. Further ones that the folder has stay as they are.
        seed: of what is drawn.
        workers: trials side by side on this machine.
        scheduler: address of a Dask scheduler whose workers run the trials instead; they must see ``out``.
        announce: gets a line a trial.

    Returns:
        All trials, in the order in which they were drawn.

    Raises:
        ValueError: the folder holds another search, or no trial can run as the search is declared.
        ModuleNotFoundError: Optuna, or with several workers Dask, is not installed.
    """
    out = Path(out).absolute()
    known = _draw(search, out, seed, trials or search.trials)
    _write(search, seed, known, out)
    left = [trial for trial in known[: trials or search.trials] if trial.state != DONE]
    for number, (index, result) in enumerate(_run(search, left, out, workers, scheduler), 1):
        known[index] = replace(known[index], **result)
        _write(search, seed, known, out)
        announce(f'{number}/{len(left)} trial {index}: {_say(known[index])}')
    return known


def draw_trials(search: Search, out: str | Path, *, trials: int | None = None, seed: int = 0) -> list[Trial]:
    """The trials of a search, those that the folder has with what came of them; writes nothing.

    Args:
        search, out, trials, seed: as for :func:`run_search`.

    Raises:
        ValueError: the folder holds another search.
    """
    return _draw(search, Path(out), seed, trials or search.trials)


def best_trial(search: Search, trials: Sequence[Trial]) -> Trial | None:
    """The best of those that are done, the first of equals; None where none is."""
    done = [trial for trial in trials if trial.state == DONE]
    choose = max if search.number.direction == 'maximize' else min
    return choose(done, key=lambda trial: trial.value) if done else None


def _draw(search: Search, out: Path, seed: int, count: int) -> list[Trial]:
    """Those of the record first: another machine may draw numbers that differ in the last digit."""
    found = _read(search, seed, out)
    drawn = draw_parameters(search, seed, max(count, len(found)))
    return [*found, *(Trial(index, drawn[index]) for index in range(len(found), len(drawn)))]


def _run(
    search: Search, trials: Sequence[Trial], out: Path, workers: int, scheduler: str | None
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Index and result of each trial as it ends."""
    plans = [write_trial_plan(search, trial, out) for trial in trials]
    if scheduler is None and min(workers, len(trials)) < 2:
        for trial, plan in zip(trials, plans, strict=True):
            yield trial.index, run_trial(trial, plan, search.number)
        return
    # Workers of a scheduler have machines of their own, and threads as these say.
    threads = None if scheduler else max(1, (os.cpu_count() or 1) // workers)
    with dask_client(min(workers, len(trials)), scheduler, 'search') as client:
        from distributed import as_completed

        futures = {
            client.submit(run_trial, trial, plan, search.number, threads, pure=False): trial.index
            for trial, plan in zip(trials, plans, strict=True)
        }
        for future in as_completed(futures):
            yield futures[future], future.result()


def _declared(search: Search, seed: int) -> dict[str, Any]:
    """What makes two searches one: as json has it, so that both sides compare alike."""
    return json.loads(json.dumps({'space': search.space, 'number': asdict(search.number), 'seed': seed}))


def _read(search: Search, seed: int, out: Path) -> list[Trial]:
    path = out / _RECORD
    if not path.is_file():
        return []
    record = json.loads(path.read_text(encoding='utf-8'))
    for name, value in _declared(search, seed).items():
        if record[name] != value:
            raise ValueError(f'{path} is of a search with another {name}: give another --out')
    return [Trial(**trial) for trial in record['trials']]


def _write(search: Search, seed: int, trials: Sequence[Trial], out: Path) -> None:
    best = best_trial(search, trials)
    record = {
        'search': search.source,
        **_declared(search, seed),
        'best': None if best is None else best.index,
        'trials': [asdict(trial) for trial in trials],
    }
    out.mkdir(parents=True, exist_ok=True)
    write_whole(out / _RECORD, json.dumps(record, indent=1) + '\n')


def _say(trial: Trial) -> str:
    values = ', '.join(f'{name}={value:.4g}' if isinstance(value, float) else f'{name}={value}'
                       for name, value in trial.parameters.items())  # fmt: skip
    result = f'{trial.value:.4f}' if trial.state == DONE else f'failed, {trial.reason}'
    return f'{result} ({trial.seconds:.0f} s) with {values}'
