"""The declared list of stages: what each runs, and what it takes from which earlier one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from mmengine.config import Config

from mammo_plugins.compat.config_paths import find_config

from .kinds import STAGE_KINDS
from .stage import OWN_FOLDER, Stage

_NAME = re.compile(r'[A-Za-z0-9][\w-]*')
_OF_ALL_KINDS = ('name', 'kind', 'inputs', 'needs', 'processes', 'work_dir')


@dataclass(frozen=True)
class Plan:
    """Stages in the order in which they run.

    Attributes:
        stages: each needs earlier ones only.
        source: file that declares them, or what stands for it in messages.
    """

    stages: Sequence[Stage]
    source: str = 'PLAN'

    def __post_init__(self) -> None:
        seen: list[str] = []
        for stage in self.stages:
            _check_stage(stage, seen, self)
            seen.append(stage.name)

    def stage(self, name: str) -> Stage:
        """The stage of a name.

        Raises:
            ValueError: there is none.
        """
        for stage in self.stages:
            if stage.name == name:
                return stage
        names = [stage.name for stage in self.stages]
        close = get_close_matches(name, names, n=1)
        hint = f'did you mean {close[0]!r}?' if close else f'expected one of {", ".join(names)}'
        raise ValueError(f'{self.source} has no stage {name!r}: {hint}')

    def select(self, only: Sequence[str] | None = None, start: str | None = None) -> list[Stage]:
        """The stages to run: some of them, or those from one on.

        Raises:
            ValueError: no such stage, or both are given.
        """
        if only and start:
            raise ValueError(f'--only {" ".join(only)} and --from {start} exclude each other: give one of them')
        chosen = {self.stage(name).name for name in only or [stage.name for stage in self.stages]}
        first = self.stages.index(self.stage(start)) if start else 0
        return [stage for stage in self.stages[first:] if stage.name in chosen]


def read_plan(path: str | Path, cfg_options: Mapping[str, Any] | None = None) -> Plan:
    """Reads a plan: a config with ``stages``, and ``cfg_options`` for all of them if it likes.

    Args:
        path: path or name, as for a config.
        cfg_options: overrides for the configs of all stages; they win over those of the plan.

    Raises:
        FileNotFoundError: no such file.
        ValueError: it declares no stages, or one is not as it must be.
    """
    file = find_config(path)
    content = Config.fromfile(file).to_dict()
    if not content.get('stages'):
        raise ValueError(f'{path} declares no stages: a plan has stages = [dict(name=..., config=...), ...]')
    return make_plan(content['stages'], {**content.get('cfg_options', {})}, str(path), cfg_options)


def make_plan(
    stages: Sequence[Mapping[str, Any]],
    cfg_options: Mapping[str, Any] | None = None,
    source: str = 'PLAN',
    winning_options: Mapping[str, Any] | None = None,
) -> Plan:
    """A plan from plain dictionaries.

    Args:
        stages: the fields of each :class:`Stage`.
        cfg_options: overrides of all configs; those of a stage win over them.
        source: what messages call the plan.
        winning_options: overrides of all configs that win over those of a stage.

    Raises:
        ValueError: a stage is not as it must be.
    """
    known = [f.name for f in fields(Stage)]
    made = []
    for number, entry in enumerate(stages):
        if unknown := [key for key in entry if key not in known]:
            raise ValueError(
                f'{source}: stage {entry.get("name", number)!r} has the unknown field {unknown[0]!r}: '
                f'expected some of {", ".join(known)}'
            )
        if 'name' not in entry:
            raise ValueError(f'{source}: stage number {number + 1} has no name')
        options = {**(cfg_options or {}), **entry.get('cfg_options', {}), **(winning_options or {})}
        made.append(Stage(**{**entry, 'cfg_options': options if entry.get('config') else {}}))
    return Plan(tuple(made), source)


def _check_stage(stage: Stage, earlier: Sequence[str], plan: Plan) -> None:
    where = f'{plan.source}: stage {stage.name!r}'
    if not (isinstance(stage.name, str) and _NAME.fullmatch(stage.name)) or stage.name == OWN_FOLDER:
        raise ValueError(f'{where}: a name has letters, digits, _ and -, and is not {OWN_FOLDER!r}')
    if stage.name in earlier:
        raise ValueError(f'{where} occurs twice: names are unique')
    if stage.kind not in STAGE_KINDS:
        raise ValueError(f'{where} has the unknown kind {stage.kind!r}: expected one of {", ".join(STAGE_KINDS)}')
    kind = STAGE_KINDS[stage.kind]
    if missing := [name for name in kind.required if name not in stage.settings]:
        raise ValueError(f'{where} is a {stage.kind} and needs {missing[0]!r}')
    if foreign := [name for name in stage.settings if name not in (*kind.required, *kind.optional, *_OF_ALL_KINDS)]:
        raise ValueError(f'{where} is a {stage.kind}, which knows no {foreign[0]!r}')
    if stage.processes is not None and stage.processes < 1:
        raise ValueError(f'{where}: processes must be at least 1, got {stage.processes}')
    names = [other.name for other in plan.stages]
    for need in stage.all_needs:
        if need not in names:
            raise ValueError(f'{where} takes something from {need!r}, which is no stage: there are {", ".join(names)}')
        if need not in earlier:
            raise ValueError(f'{where} takes something from {need!r}, which does not come before it: move it up')
