"""From a config's name to a config that this machine can run."""

from __future__ import annotations

import os
from pathlib import Path

import torch
from mmengine.config import Config

from mammo_plugins.compat import install_mmcv_ops, install_safe_checkpoint_loading
from mammo_plugins.compat.config_paths import find_config


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
        cfg_options: dotted keys to override.
        launcher: ``none``, ``pytorch``, ``slurm`` or ``mpi``.
        trust_checkpoint: load checkpoints that hold more than tensors and plain values. This runs code from the file.

    Raises:
        FileNotFoundError: no such config, and the message lists close matches; or no such annotation file.
    """
    install_mmcv_ops()
    install_safe_checkpoint_loading(trusted=trust_checkpoint)
    path = find_config(str(config))
    cfg = Config.fromfile(path)
    if ann_file is not None:
        _use_annotations(cfg, Path(ann_file))
    cfg.merge_from_dict(cfg_options or {})
    cfg.launcher = launcher
    cfg.work_dir = str(work_dir or cfg.get('work_dir') or Path('work_dirs') / Path(path).stem)
    if launcher != 'none' and not torch.cuda.is_available():
        _prepare_cpu_processes(cfg, launcher)
    return cfg


def leave_process_group() -> None:
    """Ends what a launcher began; to be called before a process exits.

    A process that exits while its communication threads run may be aborted, after its work is done.
    """
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.barrier()
        torch.distributed.destroy_process_group()


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
    cfg.env_cfg.dist_cfg = dict(backend='gloo')
    if 'model_wrapper_cfg' not in cfg:
        cfg.model_wrapper_cfg = dict(
            type='MMDistributedDataParallel',
            device_ids=None,
            find_unused_parameters=cfg.get('find_unused_parameters', False),
        )
    os.environ.setdefault('OMP_NUM_THREADS', '1')
