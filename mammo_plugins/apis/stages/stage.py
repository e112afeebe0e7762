"""A stage of a plan, and the references in it to what other stages leave."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

OWN_FOLDER = 'folder'  # {folder} is the folder of the stage itself
_REFERENCE = re.compile(r'\{([A-Za-z0-9][\w-]*)(?:\.([\w-]+))?\}')


@dataclass(frozen=True)
class Reference:
    """A file of an earlier stage, written ``{stage}`` or ``{stage.file}``.

    Attributes:
        stage: name of the stage.
        file: which of its files; empty for its main one.
    """

    stage: str
    file: str = ''

    def __str__(self) -> str:
        return f'{{{self.stage}.{self.file}}}' if self.file else f'{{{self.stage}}}'


@dataclass(frozen=True)
class Stage:
    """One entry of a plan. Strings may hold references such as ``{ffdm}``, ``{ffdm.best}`` or ``{folder}``.

    Attributes:
        name: short and unique; names the record and, by default, the folder.
        kind: one of :data:`~.kinds.STAGE_KINDS`.
        config: path or name of the config (train, test).
        load_from: weights to start from (train); None for what the config says.
        checkpoint: weights to test (test).
        predictions: CSV that a test writes, relative to the folder of the plan; by default ``predictions.csv`` in the
            folder of the stage, and an empty string for none.
        command: words of a command as after ``mammo`` (command), or a Python file and its arguments (script).
        files: what a command leaves: name to path relative to the folder of the stage.
        cfg_options: dotted keys of the config to override.
        inputs: further files whose change makes the stage out of date.
        needs: further stages that must be done before.
        processes: processes to run in; None for those of the launcher.
        work_dir: folder of the stage, relative to that of the plan; its name by default.
        amp: mixed precision (train).
    """

    name: str
    kind: str = 'train'
    config: str | None = None
    load_from: str | None = None
    checkpoint: str | None = None
    predictions: str | None = None
    command: Sequence[str] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    cfg_options: Mapping[str, Any] = field(default_factory=dict)
    inputs: Sequence[str] = ()
    needs: Sequence[str] = ()
    processes: int | None = None
    work_dir: str | None = None
    amp: bool = False

    @property
    def settings(self) -> dict[str, Any]:
        """What is not as by default."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return {name: value for name, value in values.items() if value not in (None, (), [], {}, False)}

    @property
    def references(self) -> list[Reference]:
        """The files that it takes from other stages, each once."""
        found = [reference for value in self.settings.values() for reference in find_references(value)]
        return list(dict.fromkeys(found))

    @property
    def all_needs(self) -> list[str]:
        """Names of the stages that come before, by reference or by ``needs``."""
        return list(dict.fromkeys([*(reference.stage for reference in self.references), *self.needs]))

    def folder(self, out: Path) -> Path:
        """Its folder in that of the plan."""
        return out / (self.work_dir or self.name)


def resolve(value: Any, path_of: Callable[[Reference], str]) -> Any:
    """A value with its references replaced by paths, however deep they are nested."""
    if isinstance(value, str):
        return _REFERENCE.sub(lambda match: path_of(Reference(match[1], match[2] or '')), value)
    if isinstance(value, Mapping):
        return {key: resolve(entry, path_of) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(resolve(entry, path_of) for entry in value)
    return value


def find_references(value: Any) -> Iterator[Reference]:
    """The references to other stages in a value, however deep they are nested."""
    found: list[Reference] = []

    def note(reference: Reference) -> str:
        found.append(reference)
        return ''

    resolve(value, note)
    yield from (reference for reference in found if reference.stage != OWN_FOLDER)
