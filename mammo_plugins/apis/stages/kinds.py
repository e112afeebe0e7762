"""What a stage can be: a training, a test, any command of ``mammo``, or a script of a project."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mmengine.runner import find_latest_checkpoint

from mammo_plugins.apis.process_group import is_first_process, on_first_process
from mammo_plugins.apis.test import evaluate_checkpoint
from mammo_plugins.apis.test.outputs import maps_beside, pictures_beside
from mammo_plugins.apis.train import train
from mammo_plugins.compat.config_paths import find_config
from mammo_plugins.io.whole_file import write_whole

from .stage import Stage

_LAUNCHER_VARIABLES = (
    'RANK',
    'WORLD_SIZE',
    'LOCAL_RANK',
    'LOCAL_WORLD_SIZE',
    'GROUP_RANK',
    'MASTER_ADDR',
    'MASTER_PORT',
)


@dataclass(frozen=True)
class StageSetting:
    """Where and how a stage runs.

    Attributes:
        out: folder of the plan.
        folder: that of the stage.
        launcher: as for :func:`~mammo_plugins.apis.train.train`.
        trust_checkpoint: likewise.
    """

    out: Path
    folder: Path
    launcher: str = 'none'
    trust_checkpoint: bool = False

    def run_options(self, stage: Stage) -> dict:
        """Keywords of the functions that train and test."""
        return dict(
            work_dir=self.folder,
            cfg_options=dict(stage.cfg_options),
            launcher=self.launcher,
            trust_checkpoint=self.trust_checkpoint,
        )


@dataclass(frozen=True)
class StageKind:
    """A kind of stage.

    Attributes:
        run: runs a stage whose references are paths; goes on where an earlier run stopped.
        files: name to path of what such a stage leaves, as far as it is there.
        main: which of the files ``{stage}`` means; empty for the only one.
        required: fields of :class:`~.stage.Stage` that it needs.
        optional: those that it knows beside them.
    """

    run: Callable[[Stage, StageSetting], object]
    files: Callable[[Stage, Path], dict[str, Path]]
    main: str
    required: Sequence[str]
    optional: Sequence[str] = ()


def _train(stage: Stage, setting: StageSetting) -> None:
    options = setting.run_options(stage)
    resume = on_first_process(lambda: _newest_checkpoint(setting.folder) is not None)
    if stage.load_from is not None and not resume:
        options['cfg_options']['load_from'] = stage.load_from
    train(stage.config, resume=resume, amp=stage.amp, **options)


def _trained_files(stage: Stage, out: Path) -> dict[str, Path]:
    folder = stage.folder(out)
    files = {'last': _newest_checkpoint(folder)}
    best = sorted(folder.glob('best_*.pth'))
    if len(best) == 1:
        files['best'] = best[0]
    return {name: path for name, path in files.items() if path is not None}


def _newest_checkpoint(folder: Path) -> Path | None:
    """That which mmengine noted once it was written; looked for by its name, so that the folder may have moved."""
    if not (folder / 'last_checkpoint').is_file():
        return None
    newest = folder / Path(find_latest_checkpoint(str(folder))).name
    return newest if newest.is_file() else None


def _test(stage: Stage, setting: StageSetting) -> None:
    predictions = _predictions_path(stage, setting.out)
    if predictions is not None and is_first_process():
        predictions.parent.mkdir(parents=True, exist_ok=True)
    metrics = evaluate_checkpoint(stage.config, stage.checkpoint, out=predictions, **setting.run_options(stage))
    if is_first_process():
        numbers = {name: float(value) for name, value in metrics.items()}
        write_whole(setting.folder / 'metrics.json', json.dumps(numbers, indent=1) + '\n')


def _tested_files(stage: Stage, out: Path) -> dict[str, Path]:
    files = {'metrics': stage.folder(out) / 'metrics.json'}
    if (predictions := _predictions_path(stage, out)) is not None:
        files |= {
            'predictions': predictions,
            'maps': maps_beside(predictions),
            'pictures': pictures_beside(predictions),
        }
    return {name: path for name, path in files.items() if path.exists()}


def _predictions_path(stage: Stage, out: Path) -> Path | None:
    if stage.predictions == '':
        return None
    return out / stage.predictions if stage.predictions else stage.folder(out) / 'predictions.csv'


def _run_command(stage: Stage, setting: StageSetting) -> None:
    """Once, whatever the number of processes, and as if there were no launcher."""

    def run() -> None:
        setting.folder.mkdir(parents=True, exist_ok=True)
        environment = {key: value for key, value in os.environ.items() if key not in _LAUNCHER_VARIABLES}
        given = [str(word) for word in stage.command]
        if stage.kind == 'script':
            said, words = ' '.join(given), [str(find_config(given[0])), *given[1:]]
        else:
            said, words = ' '.join(['mammo', *given]), ['-m', 'mammo_plugins.commands.main', *given]
        done = subprocess.run([sys.executable, *words], env=environment, check=False)
        if done.returncode:
            raise RuntimeError(f'{said} ended with exit code {done.returncode}')
        if lacking := [path for path in stage.files.values() if not (setting.folder / path).exists()]:
            raise RuntimeError(f'{said} left no {setting.folder / lacking[0]}')

    on_first_process(run)


def _command_files(stage: Stage, out: Path) -> dict[str, Path]:
    files = {name: stage.folder(out) / path for name, path in stage.files.items()}
    return {name: path for name, path in files.items() if path.exists()}


STAGE_KINDS = {
    'train': StageKind(_train, _trained_files, 'last', ('config',), ('load_from', 'cfg_options', 'amp')),
    'test': StageKind(_test, _tested_files, 'predictions', ('config', 'checkpoint'), ('predictions', 'cfg_options')),
    'command': StageKind(_run_command, _command_files, '', ('command',), ('files',)),
    'script': StageKind(_run_command, _command_files, '', ('command',), ('files',)),
}
