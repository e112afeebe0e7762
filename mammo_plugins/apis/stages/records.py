"""What is known on disk of the stages of a plan: which are done, with what settings and inputs.

A stage is done when its record is there. The record is written whole, after everything else; what was begun has a note
beside it with the same content but for the files and times.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from mmengine.config import Config

from mammo_plugins.compat.config_paths import find_config
from mammo_plugins.io.source_digest import digest_file
from mammo_plugins.io.whole_file import write_whole

from .config_differences import config_differences
from .kinds import STAGE_KINDS
from .plan import Plan
from .stage import OWN_FOLDER, Reference, Stage, find_references, resolve

DONE, CHANGED, PARTIAL, TO_DO = 'done', 'changed', 'partial', 'to do'


@dataclass(frozen=True)
class StageRecord:
    """What a stage was run with.

    Attributes:
        settings: the stage as declared, references unresolved, and its whole config.
        inputs: what it reads, by reference or path, to SHA-256 of the content; None where the file is not there.
        seconds: ``wall`` and ``cpu``; empty in the note of what was begun.
    """

    settings: Mapping[str, Any]
    inputs: Mapping[str, str | None]
    seconds: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class StageState:
    """How far a stage is.

    Attributes:
        name: ``done``, ``changed``, ``partial`` or ``to do``.
        reason: what changed.
    """

    name: str
    reason: str = ''


class StageFolder:
    """The records of a plan in its folder.

    Args:
        plan: the stages.
        out: folder for everything that they write.
    """

    def __init__(self, plan: Plan, out: str | Path) -> None:
        self.plan, self.out = plan, Path(out)

    def state(self, stage: Stage) -> StageState:
        """How far a stage is, compared with what is declared now."""
        done, begun = self.read(stage), _read_record(self._begun_path(stage))
        known = done or begun
        if known is None:
            return StageState(TO_DO)
        if reason := _difference(known, self.describe(stage)):
            return StageState(CHANGED, reason)
        return StageState(DONE if done else PARTIAL)

    def read(self, stage: Stage) -> StageRecord | None:
        """The record of a stage that is done."""
        return _read_record(self.record_path(stage))

    def begin(self, stage: Stage) -> StageRecord:
        """Notes what a stage is about to be run with."""
        record = self.describe(stage)
        _write_record(self._begun_path(stage), record)
        return record

    def finish(self, stage: Stage, begun: StageRecord, seconds: Mapping[str, float]) -> None:
        """Notes that a stage is done."""
        _write_record(self.record_path(stage), StageRecord(begun.settings, begun.inputs, dict(seconds)))
        self._begun_path(stage).unlink(missing_ok=True)

    def forget(self, stage: Stage) -> None:
        """Takes the records of a stage away, the one that says done first."""
        self.record_path(stage).unlink(missing_ok=True)
        self._begun_path(stage).unlink(missing_ok=True)
        shutil.rmtree(self.processes_folder(stage), ignore_errors=True)

    def record_path(self, stage: Stage) -> Path:
        """Where it stands that a stage is done."""
        return self.out / 'stages' / f'{stage.name}.json'

    def processes_folder(self, stage: Stage) -> Path:
        """Where a stage that has processes of its own keeps its plan and record."""
        return self.out / 'stages' / f'{stage.name}.processes'

    def _begun_path(self, stage: Stage) -> Path:
        return self.out / 'stages' / f'{stage.name}.begun.json'

    def path_of(self, stage: Stage, reference: Reference) -> Path | None:
        """The file that a reference in ``stage`` means; None where it is not there."""
        if reference.stage == OWN_FOLDER:
            return stage.folder(self.out)
        source = self.plan.stage(reference.stage)
        name = reference.file or STAGE_KINDS[source.kind].main or next(iter(source.files), '')
        return self.files(source).get(name)

    def files(self, stage: Stage) -> dict[str, Path]:
        """What a stage has left so far, by name."""
        return STAGE_KINDS[stage.kind].files(stage, self.out)

    def resolved(self, stage: Stage) -> Stage:
        """The stage with paths for its references; they must be there."""
        return Stage(**resolve(dict(stage.settings), lambda reference: str(self.path_of(stage, reference))))

    def describe(self, stage: Stage) -> StageRecord:
        """What a stage would be run with now."""
        settings = {key: value for key, value in stage.settings.items() if key not in ('cfg_options', 'work_dir')}
        inputs: dict[str, str | None] = {}
        for reference in stage.references:
            path = self.path_of(stage, reference)
            inputs[str(reference)] = None if path is None else _digest(path)
        cfg = _config(stage)
        if cfg is not None:
            settings['config'] = cfg.to_dict()
        for file in _files_read(stage, cfg):
            inputs[file] = _digest(Path(file)) if Path(file).exists() else None
        return StageRecord(json.loads(json.dumps(settings, default=str, sort_keys=True)), inputs)


def missing_files(stage: Stage) -> list[str]:
    """What a stage reads of no other stage's and is not there."""
    return [file for file in _files_read(stage, _config(stage)) if not Path(file).exists()]


def _config(stage: Stage) -> Config | None:
    if stage.config is None:
        return None
    cfg = Config.fromfile(find_config(stage.config))
    cfg.merge_from_dict(dict(stage.cfg_options))
    return cfg


def _files_read(stage: Stage, cfg: Config | None) -> list[str]:
    """Files that are no stage's: those are among the references."""
    files = [*stage.inputs, *(_annotation_files(cfg) if cfg is not None else [])]
    return [file for file in files if not list(find_references(file))]


def _difference(known: StageRecord, now: StageRecord) -> str:
    """What changed in words, empty for nothing. An input that was deleted since cannot have changed the result."""
    if names := sorted(config_differences(dict(known.settings), dict(now.settings))):
        shown = [name.removeprefix('config.') for name in names]
        return f'another {", ".join(shown[:3])}' + (f' and {len(shown) - 3} more' if len(shown) > 3 else '')
    for name, digest in now.inputs.items():
        if digest is not None and digest != known.inputs.get(name):
            return f'another content of {name}'
    return ''


def _annotation_files(cfg: Config) -> list[str]:
    files = []
    for part in ('train', 'val', 'test'):
        dataset = (cfg.get(f'{part}_dataloader') or {}).get('dataset') or {}
        names = dataset.get('ann_file') or []
        for name in [names] if isinstance(names, str) else names:
            files.append(str(Path(dataset.get('data_root') or '') / name))
    return list(dict.fromkeys(files))


def _digest(path: Path) -> str:
    """SHA-256 of a file; for a folder, of the names and sizes in it, since it may be an archive."""
    if path.is_dir():
        files = sorted(file for file in path.rglob('*') if file.is_file())
        listing = [f'{file.relative_to(path).as_posix()} {file.stat().st_size}' for file in files]
        return hashlib.sha256('\n'.join(listing).encode()).hexdigest()
    return digest_file(path)


def _read_record(path: Path) -> StageRecord | None:
    if not path.is_file():
        return None
    try:
        return StageRecord(**json.loads(path.read_text(encoding='utf-8')))
    except (ValueError, TypeError) as error:
        raise ValueError(f'{path} is no record of a stage ({error}): delete it, and the stage runs again') from error


def _write_record(path: Path, record: StageRecord) -> None:
    write_whole(path, json.dumps(asdict(record), indent=1) + '\n')
