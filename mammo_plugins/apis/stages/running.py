"""Running a plan: what is done is skipped, what was begun goes on, what is missing is said."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from mmengine.config import Config
from mmengine.dist import get_world_size
from rich.console import Console

from mammo_plugins.apis.process_group import is_first_process, join_process_group, on_first_process
from mammo_plugins.io.whole_file import whole_file

from .kinds import STAGE_KINDS, StageSetting
from .plan import Plan
from .records import CHANGED, DONE, TO_DO, StageFolder, StageRecord, missing_files
from .stage import Stage


def run_stages(
    plan: Plan,
    out: str | Path,
    *,
    only: Sequence[str] | None = None,
    start: str | None = None,
    redo: Sequence[str] | None = None,
    launcher: str = 'none',
    trust_checkpoint: bool = False,
    announce: Callable[[str], None] | None = None,
) -> dict[str, StageRecord]:
    """Runs the stages of a plan that are not done yet, in their order.

    Args:
        plan: the stages.
        out: folder for everything that they write.
        only: names of the stages to run; None for all.
        start: name of the first stage to run.
        redo: names of stages to run again from nothing; with any, even none, so do those that have changed.
        launcher, trust_checkpoint: as for :func:`~mammo_plugins.apis.train.train`. Under a launcher every process calls
            this with the same arguments; the first decides and writes.
        announce: gets a line for each stage; prints by default.

    Returns:
        The record of each selected stage.

    Raises:
        ValueError: no such stage; a stage has changed and is not to be run again; what one takes is not there.
    """
    chosen, again = plan.select(only, start), [plan.stage(name).name for name in redo or ()]
    launcher = join_process_group(launcher)
    folder = StageFolder(plan, out)
    on_first_process(lambda: _check_files(folder, chosen))
    say = announce or Console(soft_wrap=True, highlight=False).print
    records = {}
    for number, stage in enumerate(chosen, 1):
        label = f'{number}/{len(chosen)} {stage.name}'

        def decide(stage: Stage = stage) -> bool:
            return _prepare(folder, stage, stage.name in again, redo is not None)

        must_run = on_first_process(decide)
        if is_first_process():
            what = stage.config or ' '.join(map(str, stage.command))
            say(f'{label}: {stage.kind} {what} ...' if must_run else f'{label}: done before')
        if must_run:
            _run(folder, stage, launcher, trust_checkpoint)
        records[stage.name] = folder.read(stage)
        if must_run and is_first_process():
            say(f'{label}: {records[stage.name].seconds["wall"]:.0f} s')
    return records


def _prepare(folder: StageFolder, stage: Stage, again: bool, redo_changed: bool) -> bool:
    """Whether the stage must be run; checks that it can be."""
    state = folder.state(stage)
    if state.name == DONE and not again:
        return False
    if state.name == CHANGED and not (again or redo_changed):
        raise ValueError(
            f'stage {stage.name!r} in {folder.out} was run with {state.reason}: run it again from nothing with '
            f'--redo, or give another --out'
        )
    _check_inputs(folder, stage)
    foreign = state.name == TO_DO and stage.folder(folder.out).exists()
    if foreign and not (again or redo_changed):
        raise ValueError(
            f'{stage.folder(folder.out)} is there, but nothing says that stage {stage.name!r} made it: move it away, '
            f'overwrite it with --redo, or give another --out'
        )
    if again or foreign or state.name == CHANGED:
        folder.forget(stage)
        shutil.rmtree(stage.folder(folder.out), ignore_errors=True)
    return True


def _check_files(folder: StageFolder, chosen: Sequence[Stage]) -> None:
    """That files are there which no stage makes first: trainings and tests write into their own folders only."""
    for stage in chosen:
        if folder.read(stage) is None and (missing := missing_files(stage)):
            raise _missing_file(stage, missing[0])
        if stage.kind not in ('train', 'test'):
            return


def _missing_file(stage: Stage, file: str) -> ValueError:
    return ValueError(
        f'stage {stage.name!r} reads {file}, which does not exist: make it first (mammo convert writes annotation '
        'files), or declare the stage that makes it before this one'
    )


def _check_inputs(folder: StageFolder, stage: Stage) -> None:
    """That what comes before is done, and what is read is there."""
    for need in stage.all_needs:
        if folder.read(folder.plan.stage(need)) is None:
            raise ValueError(
                f'stage {stage.name!r} takes something from stage {need!r}, which is not done in {folder.out}: run '
                f'mammo stages {folder.plan.source} --out {folder.out} --only {need}'
            )
    for reference in stage.references:
        if folder.path_of(stage, reference) is None:
            source = folder.plan.stage(reference.stage)
            hint = ' (a training keeps one with default_hooks.checkpoint.save_best)' if reference.file == 'best' else ''
            raise ValueError(
                f'stage {stage.name!r} takes {reference}, but {source.folder(folder.out)} has '
                f'{", ".join(folder.files(source)) or "nothing"} of stage {source.name!r}{hint}: name another file, or '
                f'run mammo stages {folder.plan.source} --out {folder.out} --only {source.name} --redo {source.name}'
            )
    for file, digest in folder.describe(stage).inputs.items():
        if digest is None:
            raise _missing_file(stage, file)


def _run(folder: StageFolder, stage: Stage, launcher: str, trust_checkpoint: bool) -> None:
    begun = on_first_process(lambda: folder.begin(stage))
    wall, cpu = time.perf_counter(), time.process_time()
    if stage.processes and stage.processes != get_world_size() and stage.kind not in ('command', 'script'):
        _run_in_processes(folder, stage, launcher, trust_checkpoint)
    else:
        setting = StageSetting(folder.out, stage.folder(folder.out), launcher, trust_checkpoint)
        STAGE_KINDS[stage.kind].run(folder.resolved(stage), setting)
    seconds = {'wall': round(time.perf_counter() - wall, 1), 'cpu': round(time.process_time() - cpu, 1)}
    on_first_process(lambda: folder.finish(stage, begun, seconds))


def _run_in_processes(folder: StageFolder, stage: Stage, launcher: str, trust_checkpoint: bool) -> None:
    """Hands one stage, its references resolved, to torchrun."""
    if launcher != 'none':
        raise ValueError(
            f'stage {stage.name!r} is declared for {stage.processes} processes, but the launcher started '
            f'{get_world_size()}: start as many, or leave processes out of the plan'
        )
    alone = folder.processes_folder(stage) / 'plan.py'
    settings = asdict(replace(folder.resolved(stage), work_dir=str(stage.folder(folder.out).resolve()), needs=()))
    if settings['predictions']:
        settings['predictions'] = str((folder.out / settings['predictions']).resolve())
    with whole_file(alone) as unfinished:
        Config({'stages': [settings]}).dump(str(unfinished))
    words = ['-m', 'torch.distributed.run', '--standalone', f'--nproc_per_node={stage.processes}', '-m']
    words += ['mammo_plugins.commands.main', 'stages', str(alone), '--out', str(alone.parent), '--redo']
    words += ['--launcher', 'pytorch', *(['--trust-checkpoint'] if trust_checkpoint else [])]
    code = subprocess.run([sys.executable, *words], check=False).returncode
    if code:
        raise RuntimeError(f'stage {stage.name!r} in {stage.processes} processes ended with exit code {code}')
