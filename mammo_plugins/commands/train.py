"""``mammo train CONFIG``: train a config."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from mammo_plugins.apis.run_config import leave_process_group
from mammo_plugins.apis.train import RunOptions, train

from .expected_errors import in_a_sentence
from .run_arguments import add_run_arguments, run_options


@in_a_sentence
def main(argv: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Parses the command line and trains."""
    parser = argparse.ArgumentParser(prog=prog, description='Train a config.')
    parser.add_argument('config', help='config file, for example configs/mm3d_dbt.py')
    parser.add_argument(
        '--resume',
        nargs='?',
        const=True,
        default=False,
        metavar='CHECKPOINT',
        help='continue exactly where the newest checkpoint in the work directory, or the given one, stopped',
    )
    _add_switches(parser)
    add_run_arguments(parser)
    args = parser.parse_args(argv)
    options = RunOptions(
        amp=args.amp,
        save_best=args.save_best,
        early_stop=args.early_stop,
        ema=args.ema,
        tensorboard=args.tensorboard,
        auto_scale_lr=args.auto_scale_lr,
    )
    train(args.config, resume=args.resume, options=options, **run_options(args))
    leave_process_group()
    return 0


def _add_switches(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('--amp', action='store_true', help='mixed precision: bfloat16 where possible, else float16')
    parser.add_argument(
        '--save-best',
        nargs='?',
        const=True,
        default=False,
        metavar='NUMBER',
        help='keep the checkpoint with the best value of a validation number, such as mm3d/R@0.25 (without a name: the '
        'first number of the first protocol)',
    )
    parser.add_argument(
        '--early-stop', type=int, metavar='N', help='end after N validations without a better value of that number'
    )
    parser.add_argument('--ema', action='store_true', help='validate and save a moving average of the weights')
    parser.add_argument('--tensorboard', action='store_true', help='write scalars for TensorBoard, and nothing else')
    parser.add_argument(
        '--auto-scale-lr', action='store_true', help='scale the learning rate with the batch size of all GPUs together'
    )
