"""``mammo train CONFIG``: train a config."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from mammo_plugins.apis.run_config import leave_process_group
from mammo_plugins.apis.train import train

from .run_arguments import add_run_arguments, run_options


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
    parser.add_argument('--amp', action='store_true', help='mixed precision: bfloat16 where possible, else float16')
    add_run_arguments(parser)
    args = parser.parse_args(argv)
    train(args.config, resume=args.resume, amp=args.amp, **run_options(args))
    leave_process_group()
    return 0
