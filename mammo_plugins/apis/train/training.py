"""Training."""

from __future__ import annotations

import logging
from pathlib import Path

from mmengine.config import Config
from mmengine.logging import print_log
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner

from mammo_plugins.apis.head_classes import check_head_classes
from mammo_plugins.apis.resume_checkpoint import newest_whole_checkpoint, require_resumable
from mammo_plugins.apis.run_config import build_runner, load_run_config, named_config_errors
from mammo_plugins.apis.weight_fit import matches_any, read_weights, require_start_fit, require_whole_fit
from mammo_plugins.compat.pretrained_weights import drop_pretrained, require_pretrained

from .part_weights import report_part_weights
from .run_options import RunOptions, check_watched_numbers

_NUMBERS = (
    'train_cfg.max_iters',
    'train_cfg.max_epochs',
    'train_cfg.val_interval',
    'train_dataloader.batch_size',
    'optim_wrapper.optimizer.lr',
)


def train(
    config: str | Path,
    *,
    work_dir: str | Path | None = None,
    resume: bool | str = False,
    amp: bool = False,
    ann_file: str | Path | None = None,
    cfg_options: dict | None = None,
    launcher: str = 'none',
    trust_checkpoint: bool = False,
    options: RunOptions | None = None,
) -> Runner:
    """Trains a config.

    What can be known beforehand is checked before the first step: the config, the classes of data and heads, the start
    weights, and the numbers that are watched.

    Args:
        config: path or name of the config.
        work_dir: where logs and checkpoints go.
        resume: True continues from the newest whole checkpoint in ``work_dir``, and begins where there is none; a path
            from that one. Weights, optimiser, schedule, data order and random numbers go on exactly where they stopped.
        amp: short for ``options=RunOptions(amp=True)``.
        ann_file: annotation file that takes the place of those of all data sets and evaluators.
        cfg_options: dotted keys to override.
        launcher: ``none``, ``pytorch``, ``slurm`` or ``mpi``.
        trust_checkpoint: see :func:`~mammo_plugins.apis.run_config.load_run_config`.
        options: what else is switched on.

    Returns:
        The runner, after training.

    Raises:
        FileNotFoundError: the config, data or weights do not exist.
        ValueError: they do not fit each other; the message names both sides.
    """
    cfg = load_run_config(
        config,
        work_dir=work_dir,
        ann_file=ann_file,
        cfg_options=cfg_options,
        launcher=launcher,
        trust_checkpoint=trust_checkpoint,
    )
    if amp:
        RunOptions(amp=True).apply(cfg)
    (options or RunOptions()).apply(cfg)
    _check_numbers(cfg)
    check_watched_numbers(cfg)
    check_head_classes(cfg)
    _choose_start(cfg, resume, trust_checkpoint)
    runner = build_runner(config, cfg)
    with named_config_errors(config):
        # Builds both, so that data which are missing end the run before weights are read.
        _ = runner.train_loop, runner.val_loop
    _check_weights(runner)
    runner.train()
    return runner


def _check_numbers(cfg: Config) -> None:
    """That what is typed most often by --cfg-options is a number."""
    for path in _NUMBERS:
        value = cfg
        for name in path.split('.'):
            value = value.get(name) if isinstance(value, (Config, dict)) else None
        if isinstance(value, str):
            raise ValueError(f'{path} must be a number, got {value!r}')


def _choose_start(cfg: Config, resume: bool | str, trusted: bool) -> None:
    """Settles on the weights to start from; published ones are asked for only where nothing replaces them."""
    if resume or cfg.get('resume'):
        _go_on(cfg, resume if isinstance(resume, str) else None, trusted)
    start = cfg.get('load_from')
    if start and Path(start).is_dir():
        raise ValueError(f'load_from={start} is a folder: name the checkpoint in it, such as iter_1000.pth')
    if start and '://' not in start and not Path(start).is_file():
        raise FileNotFoundError(
            f'the weights to start from, {start}, do not exist: train the config that makes them first '
            '(tools/train.py configs/mnm_ffdm.py for M&M-3D), or name others with --cfg-options load_from=PATH'
        )
    if start:
        fresh = [] if cfg.get('resume') else _start_fresh(cfg)
        drop_pretrained(cfg.model, keep=lambda path: matches_any(path, fresh))
    require_pretrained(cfg.model)


def _go_on(cfg: Config, named: str | None, trusted: bool) -> None:
    if named is not None:
        require_resumable(named, trusted)
        cfg.load_from, cfg.resume = named, True
        return
    checkpoint, passed_over = newest_whole_checkpoint(cfg.work_dir, trusted)
    for path, reason in passed_over.items():
        _say(f'--resume passes over {path}: {reason}', logging.WARNING)
    cfg.resume = checkpoint is not None
    if checkpoint is not None:
        cfg.load_from = str(checkpoint)
        _say(f'resuming from {checkpoint}')
    else:
        _say(f'--resume: no checkpoint in {cfg.work_dir} yet, the run begins anew')


def _check_weights(runner: Runner) -> None:
    source = runner.cfg.get('load_from')
    model = runner.model.module if is_model_wrapper(runner.model) else runner.model
    report_part_weights(runner.cfg.model, model)
    if not source:
        return
    weights = read_weights(source)
    if runner.cfg.get('resume'):
        require_whole_fit(source, weights, model)
        return
    fit = require_start_fit(source, weights, model, _start_fresh(runner.cfg))
    _say(f'load_from {source}: {fit}')


def _start_fresh(cfg: Config) -> list[str]:
    fresh = cfg.get('start_fresh') or []
    return [fresh] if isinstance(fresh, str) else list(fresh)


def _say(message: str, level: int = logging.INFO) -> None:
    print_log(message, logger='current', level=level)
