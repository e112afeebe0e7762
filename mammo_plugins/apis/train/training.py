"""Training."""

from __future__ import annotations

from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.runner import Runner

from mammo_plugins.apis.run_config import load_run_config


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
) -> Runner:
    """Trains a config.

    Args:
        config: path or name of the config.
        work_dir: where logs and checkpoints go.
        resume: True continues from the newest checkpoint in ``work_dir``, a path from that one; weights, optimiser,
            schedule, data order and random numbers go on exactly where they stopped.
        amp: mixed precision: bfloat16 where the GPU has it (no loss scaling needed), float16 otherwise.
        ann_file: annotation file that takes the place of those of all data sets and evaluators.
        cfg_options: dotted keys to override.
        launcher: ``none``, ``pytorch``, ``slurm`` or ``mpi``.
        trust_checkpoint: see :func:`~mammo_plugins.apis.run_config.load_run_config`.

    Returns:
        The runner, after training.
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
        _use_mixed_precision(cfg)
    if resume:
        cfg.resume = True
        cfg.load_from = resume if isinstance(resume, str) else None
    _check_start_weights(cfg)
    runner = Runner.from_cfg(cfg)
    runner.train()
    return runner


def _check_start_weights(cfg: Config) -> None:
    start = cfg.get('load_from')
    if start and '://' not in start and not Path(start).is_file():
        raise FileNotFoundError(
            f'the weights to start from, {start}, do not exist: train the config that makes them first '
            '(tools/train.py configs/mnm_ffdm.py for M&M-3D), or name others with --cfg-options load_from=PATH'
        )


def _use_mixed_precision(cfg: Config) -> None:
    kind = cfg.optim_wrapper.get('type', 'OptimWrapper')
    if kind not in ('OptimWrapper', 'AmpOptimWrapper'):
        raise ValueError(f'--amp replaces an OptimWrapper, but the config has {kind!r}')
    if not torch.cuda.is_available():
        raise ValueError(
            '--amp needs a GPU, and torch sees none (mmengine has no mixed precision on CPU): leave it out'
        )
    cfg.optim_wrapper.type = 'AmpOptimWrapper'
    cfg.optim_wrapper.dtype = 'bfloat16' if torch.cuda.is_bf16_supported() else 'float16'
