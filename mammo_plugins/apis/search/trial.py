"""One trial: a plan with the parameters in its configs, run by a process of its own."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TextIO

from mmengine.config import Config

from mammo_plugins.apis.stages import make_plan
from mammo_plugins.io.whole_file import whole_file

from .search_file import Search, TrialNumber

TO_DO, DONE, FAILED = 'to do', 'done', 'failed'
_USER_ERROR = 2  # exit code of a command that cannot run as it was called
_TAIL = 300  # characters of what a failed trial printed last


@dataclass(frozen=True)
class Trial:
    """A trial and what came of it.

    Attributes:
        index: from 0.
        parameters: field of the configs to value.
        state: ``to do``, ``done`` or ``failed``.
        value: the number that decides; None unless done.
        seconds: of its last run.
        reason: why it failed.
    """

    index: int
    parameters: dict[str, Any] = field(default_factory=dict)
    state: str = TO_DO
    value: float | None = None
    seconds: float | None = None
    reason: str = ''

    def folder(self, out: Path) -> Path:
        """Its folder in that of the search."""
        return out / 'trials' / f'{self.index:03}'


class SearchSettingError(ValueError):
    """A trial that cannot run as it is declared: so could no other."""


def write_trial_plan(search: Search, trial: Trial, out: Path) -> Path:
    """Writes the plan of a trial; its parameters win over what the stages say."""
    options = {**search.cfg_options, **trial.parameters}
    plan = make_plan(search.stages, source=search.source, winning_options=options)
    path = trial.folder(out).absolute() / 'plan.py'
    with whole_file(path) as unfinished:
        Config({'stages': [asdict(stage) for stage in plan.stages]}).dump(str(unfinished))
    return path


def run_trial(trial: Trial, plan: Path, number: TrialNumber, threads: int | None = None) -> dict[str, Any]:
    """Runs what is not done of a trial, from where it was stopped.

    Args:
        trial: which.
        plan: of :func:`write_trial_plan`; the stages write beside it.
        number: what decides.
        threads: of torch; None for what the environment says.

    Returns:
        The fields of :class:`Trial` that are known then.

    Raises:
        SearchSettingError: the plan cannot run as it is.
    """
    begun = time.perf_counter()
    words = ['-m', 'mammo_plugins.commands.main', 'stages', str(plan), '--out', str(plan.parent)]
    environment = dict(os.environ)
    if threads is not None:
        environment.setdefault('OMP_NUM_THREADS', str(threads))
    log = plan.with_name('log.txt')
    with log.open('a', encoding='utf-8') as stream:
        code = _run_python(words, environment, stream)
    seconds = round(time.perf_counter() - begun, 1)
    if code == _USER_ERROR:
        raise SearchSettingError(f'trial {trial.index}: {_last_line(log).removeprefix("error: ")} (see {log})')
    if code:
        reason = f'exit code {code}: {_last_line(log)} (see {log})'
        return dict(state=FAILED, value=None, seconds=seconds, reason=reason)
    return dict(seconds=seconds, **_read_number(plan.parent, number))


def _run_python(words: Sequence[str], environment: Mapping[str, str], stream: TextIO) -> int:
    """Exit code of a process whose output goes into a file."""
    words = [sys.executable, *words]
    return subprocess.run(words, env=environment, check=False, stdout=stream, stderr=subprocess.STDOUT).returncode


def _read_number(folder: Path, number: TrialNumber) -> dict[str, Any]:
    numbers: Mapping[str, float] = json.loads((folder / number.stage / 'metrics.json').read_text(encoding='utf-8'))
    if unknown := [name for name in number.names if name not in numbers]:
        raise SearchSettingError(
            f'stage {number.stage!r} gives no number {unknown[0]!r}: it gives {", ".join(sorted(numbers))}'
        )
    if undefined := [name for name in number.names if not math.isfinite(numbers[name])]:
        return dict(state=FAILED, value=None, reason=f'{undefined[0]} is {numbers[undefined[0]]}')
    value = sum(numbers[name] for name in number.names) / len(number.names)
    return dict(state=DONE, value=value, reason='')


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding='utf-8', errors='replace').strip().splitlines()
    return lines[-1][-_TAIL:] if lines else 'it printed nothing'
