"""``mammo demo``: phantoms, training, evaluation and report in one go."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from mammo_plugins.apis.demo import run_demo
from mammo_plugins.apis.run_manifest import recorded_run

from .run_arguments import add_config_overrides


def main(argv: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Parses the command line and runs the demo."""
    parser = argparse.ArgumentParser(
        prog=prog, description='The whole way on synthetic breasts, in minutes on two cores.'
    )
    parser.add_argument('--out', default='demo', help='folder for everything (default: %(default)s)')
    parser.add_argument('--cases', type=int, default=240, help='patients (default: %(default)s)')
    parser.add_argument(
        '--seed', type=int, default=0, help='of phantoms, training and intervals (default: %(default)s)'
    )
    parser.add_argument('--workers', type=int, help='processes that make phantoms (default: all cores)')
    add_config_overrides(parser, 'override fields of all configs, e.g. train_cfg.max_iters=10')
    args = parser.parse_args(argv)
    with recorded_run(args.out, 'demo', vars(args)):
        run_demo(args.out, cases=args.cases, seed=args.seed, workers=args.workers, cfg_options=args.cfg_options)
    return 0
