"""Arguments that several commands share."""

from __future__ import annotations

import argparse
import os

from mmengine.config import DictAction


def add_run_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the work directory, annotation file, config overrides, launcher and checkpoint trust."""
    parser.add_argument('--work-dir', help='where logs and checkpoints go (default: work_dirs/<config name>)')
    parser.add_argument('--ann', metavar='ANN.json', help='annotation file in place of those of the config')
    add_config_overrides(parser, 'override config fields, e.g. train_cfg.max_iters=100')
    add_launcher(parser)
    add_checkpoint_trust(parser)


def add_launcher(parser: argparse.ArgumentParser) -> None:
    """Adds ``--launcher``, and what older launchers pass on."""
    parser.add_argument('--launcher', choices=('none', 'pytorch', 'slurm', 'mpi'), default='none')
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0, help=argparse.SUPPRESS)


def add_model_choice(parser: argparse.ArgumentParser) -> None:
    """Adds ``--model``, and ``--config`` and ``--checkpoint`` in its place."""
    parser.add_argument('--model', metavar='NAME_OR_ZIP', help='a model in one file, see "mammo model list"')
    parser.add_argument('--config', help='in place of --model: the config that the checkpoint was trained with')
    parser.add_argument('--checkpoint', help='in place of --model: weights, a path or URL')


def add_model_arguments(parser: argparse.ArgumentParser, overrides: str) -> None:
    """Adds what running a trained model takes: device, config overrides (with their help) and checkpoint trust."""
    parser.add_argument('--device', help='such as cuda:1 or cpu (default: the first GPU, or the CPU)')
    add_config_overrides(parser, overrides)
    add_checkpoint_trust(parser)


def add_config_overrides(parser: argparse.ArgumentParser, text: str) -> None:
    """Adds ``--cfg-options`` with its help."""
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, metavar='KEY=VALUE', help=text)


def add_checkpoint_trust(parser: argparse.ArgumentParser) -> None:
    """Adds ``--trust-checkpoint``."""
    parser.add_argument(
        '--trust-checkpoint',
        action='store_true',
        help='open checkpoints that hold more than tensors and plain values; such a file can run any code',
    )


def run_options(args: argparse.Namespace) -> dict:
    """The parsed arguments of :func:`add_run_arguments`, as keywords of the functions in ``mammo_plugins.apis``."""
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    return dict(
        work_dir=args.work_dir,
        ann_file=args.ann,
        cfg_options=args.cfg_options,
        launcher=args.launcher,
        trust_checkpoint=args.trust_checkpoint,
    )
