"""``mammo study NAME``: every row of a paper on synthetic breasts, over several seeds, with paired tests."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from mammo_plugins.apis.study import STUDIES, run_study


def main(argv: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Parses the command line and runs the study; exit code 2 where it cannot run."""
    parser = argparse.ArgumentParser(
        prog=prog,
        description='Train and test every row of a paper on synthetic breasts, and compare. Run it again to go on '
        'where it was stopped.',
    )
    parser.add_argument('name', choices=STUDIES, help='the paper')
    parser.add_argument('--out', default='study', help='folder for everything (default: %(default)s)')
    parser.add_argument(
        '--preset',
        default='small',
        help='small for two cores; long, with eight times the steps on DBT; large for a GPU (default: %(default)s)',
    )
    parser.add_argument('--rows', nargs='+', metavar='NAME', help='rows to train, such as mm3d (default: all)')
    parser.add_argument('--seeds', type=int, nargs='+', default=[0, 1, 2], metavar='K', help='default: 0 1 2')
    parser.add_argument('--workers', type=int, help='trainings side by side (default: one a core, one with a GPU)')
    parser.add_argument('--bootstrap', type=int, default=1000, metavar='R', help='replicates (default: %(default)s)')
    args = parser.parse_args(argv)
    try:
        result = run_study(
            args.name,
            args.out,
            preset=args.preset,
            rows=args.rows,
            seeds=args.seeds,
            workers=args.workers,
            bootstrap=args.bootstrap,
        )
    except (ValueError, RuntimeError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    print(result.tables)
    print(f'{result.json_path}: all numbers; {result.json_path.with_name("tables.md")}: these tables')
    return 0
