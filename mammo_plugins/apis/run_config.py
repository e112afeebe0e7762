"""From a config's name to a config that this machine can run."""

from __future__ import annotations

import copy
import difflib
import inspect
import itertools
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.runner import Runner

from mammo_plugins.compat import install_mmcv_ops, install_safe_checkpoint_loading, quiet_libraries
from mammo_plugins.compat.config_paths import find_config

# Fields besides the runner's that mmengine or this project reads, whether or not a config has them.
_FURTHER_FIELDS = (
    'activation_checkpointing', 'compile', 'efficient_conv_bn_eval', 'find_unused_parameters', 'model_wrapper_cfg',
    'start_fresh', 'vis_backends',
)  # fmt: skip

_RUNS = itertools.count()


class ConfigError(ValueError):
    """A config that cannot be read, or from which nothing can be built."""


def load_run_config(
    config: str | Path,
    *,
    work_dir: str | Path | None = None,
    ann_file: str | Path | None = None,
    cfg_options: dict | None = None,
    launcher: str = 'none',
    trust_checkpoint: bool = False,
) -> Config:
    """Reads a config, applies what the command line says, and prepares the process for it.

    Args:
        config: path, or name inside the repository or the installed package such as ``configs/mm3d_dbt.py``.
        work_dir: where logs and checkpoints go; ``work_dirs/<config name>`` by default.
        ann_file: annotation file that takes the place of those of all data sets and evaluators.
        cfg_options: dotted keys to override; the first part of each must be a field that the config has or the runner
            knows.
        launcher: ``none``, ``pytorch``, ``slurm`` or ``mpi``.
        trust_checkpoint: load checkpoints that hold more than tensors and plain values. This runs code from the file.

    Raises:
        FileNotFoundError: no such config, and the message lists close matches; or no such annotation file.
        ConfigError: the config cannot be read, or has no such field to override.
    """
    quiet_libraries()
    install_mmcv_ops()
    install_safe_checkpoint_loading(trusted=trust_checkpoint)
    path = find_config(str(config))
    cfg = _read_config(path)
    if ann_file is not None:
        _use_annotations(cfg, Path(ann_file))
    _override(cfg, cfg_options or {})
    cfg.launcher = launcher
    cfg.work_dir = str(work_dir or cfg.get('work_dir') or Path('work_dirs') / Path(path).stem)
    if launcher != 'none' and not torch.cuda.is_available():
        _prepare_cpu_processes(cfg, launcher)
    return cfg


@contextmanager
def named_config_errors(config: str | Path) -> Iterator[None]:
    """Names the config where a component of it cannot be built: an unknown type, an argument that it does not have.

    What this project's components say themselves passes through: it names the value and the fix.

    Raises:
        ConfigError: in place of what the registries raise.
    """
    try:
        yield
    except (KeyError, TypeError, AttributeError, AssertionError, ImportError) as error:
        text = error.args[0] if isinstance(error, KeyError) and error.args else error
        raise ConfigError(f'config {config}: {" ".join(str(text).split())}') from error


def build_runner(config: str | Path, cfg: Config) -> Runner:
    """A runner that shares nothing with earlier ones of this process.

    mmengine keeps visualizers, logs and loggers under the name of an experiment, which is the config's name and the
    second: two stages of one config within a second would write into the folder of the first.

    Args:
        config: path or name of the config, for messages.
        cfg: from :func:`load_run_config`.

    Raises:
        ConfigError: see :func:`named_config_errors`.
    """
    name = (cfg.get('experiment_name') or Path(config).stem).split('@')[0]
    run = copy.deepcopy(cfg)
    run.experiment_name = f'{name}@{time.strftime("%Y%m%d_%H%M%S")}_{next(_RUNS)}'
    with named_config_errors(config):
        return Runner.from_cfg(run)


def leave_process_group() -> None:
    """Ends what a launcher began; to be called before a process exits.

    A process that exits while its communication threads run may be aborted, after its work is done. One that ends them
    after a collective may wait for ever: gloo's thread, which lets go of a tensor, waits for the interpreter, and the
    interpreter for the thread (seen with torch 2.4). A backend that is destroyed by itself lets go of the interpreter.
    """
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        backends = _backends_of_all()
        try:
            torch.distributed.barrier()
        finally:
            torch.distributed.destroy_process_group()
            backends.clear()


def _backends_of_all() -> list[object]:
    """The backends of the group of all processes, which stay alive as long as the list does."""
    group = torch.distributed.group.WORLD
    return [group._get_backend(device) for device in group._device_types]


def _read_config(path: Path) -> Config:
    try:
        cfg = Config.fromfile(path)
    except FileNotFoundError as error:
        raise FileNotFoundError(f'config {path}: {error}') from error
    except ImportError as error:
        raise ConfigError(f'config {path}: custom_imports fails: {error}') from error
    except Exception as error:  # a config is Python code of a user, which may raise anything
        raise ConfigError(f'config {path} cannot be read: {_one_line(error)}{_line_in_config(error, path)}') from error
    if not isinstance(cfg.get('model'), Mapping) or 'type' not in cfg.model:
        raise ConfigError(f'config {path} has no model: give one that can be trained, such as configs/mm3d_dbt.py')
    return cfg


def _line_in_config(error: BaseException, path: Path) -> str:
    """Where in a config an error arose: mmengine runs a copy of the file, whose lines are the same."""
    if isinstance(error, SyntaxError):
        return ''  # its own text names the line
    trace, line = error.__traceback__, None
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if trace.tb_frame.f_code.co_name == '<module>' and (name == str(path) or 'mammo_plugins' not in name):
            line = trace.tb_lineno
        trace = trace.tb_next
    return '' if line is None else f' (line {line})'


def _one_line(error: BaseException) -> str:
    return f'{type(error).__name__}: {" ".join(str(error).split())}'


def _override(cfg: Config, options: Mapping[str, object]) -> None:
    known = {*cfg.keys(), *_FURTHER_FIELDS, *inspect.signature(Runner.__init__).parameters} - {'self', 'cfg'}
    for name in options:
        first = name.split('.')[0]
        if first not in known:
            close = difflib.get_close_matches(first, known, n=2)
            hint = f'did you mean {" or ".join(close)}?' if close else f'its fields are {", ".join(sorted(known))}'
            raise ConfigError(f'--cfg-options {name}: the config has no field {first!r}; {hint}')
    try:
        cfg.merge_from_dict(options)
    except (KeyError, TypeError, AttributeError, AssertionError, IndexError, ValueError) as error:
        raise ConfigError(f'--cfg-options {", ".join(options)} does not fit the config: {_one_line(error)}') from error


def _use_annotations(cfg: Config, ann_file: Path) -> None:
    if not ann_file.is_file():
        raise FileNotFoundError(f'annotation file {ann_file} does not exist: make it with tools/convert_dataset.py')
    for part in ('train', 'val', 'test'):
        if f'{part}_dataloader' in cfg:
            cfg[f'{part}_dataloader'].dataset.update(ann_file=str(ann_file), data_root='')
        evaluators = cfg.get(f'{part}_evaluator') or []
        for evaluator in evaluators if isinstance(evaluators, list) else [evaluators]:
            evaluator.ann_file = str(ann_file)


def _prepare_cpu_processes(cfg: Config, launcher: str) -> None:
    """mmengine's own start-up selects a GPU; without one, the processes talk over gloo."""
    if launcher != 'pytorch':
        raise ValueError(f'launcher {launcher!r} needs GPUs; on CPU use --launcher pytorch (tools/dist_train.sh)')
    if not torch.distributed.is_initialized():
        torch.distributed.init_process_group('gloo')
    cfg.env_cfg = {**cfg.get('env_cfg', {}), 'dist_cfg': dict(backend='gloo')}
    if 'model_wrapper_cfg' not in cfg:
        cfg.model_wrapper_cfg = dict(
            type='MMDistributedDataParallel',
            device_ids=None,
            find_unused_parameters=cfg.get('find_unused_parameters', False),
        )
    os.environ.setdefault('OMP_NUM_THREADS', '1')
