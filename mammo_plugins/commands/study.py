"""``mammo study NAME``: every row of a paper on synthetic breasts, over several seeds, with paired tests."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from mammo_plugins.apis.run_manifest import recorded_run
from mammo_plugins.apis.study import run_study


def main(argv: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Parses the command line and runs the study; exit code 2 where it cannot run."""
    parser = argparse.ArgumentParser(
        prog=prog,
        description='Train and test every row of a paper on synthetic breasts, and compare. Run it again to go on '
        'where it was stopped.',
    )
    parser.add_argument('name', help='the paper, such as mm3d, or a file that declares a study (see docs/studies.md)')
    parser.add_argument('--out', default='study', help='folder for everything (default: %(default)s)')
    parser.add_argument(
        '--preset',
        default='small',
        help='size of everything: small for two cores, large for a GPU; mm3d also has long, with eight times the steps '
        'on DBT (default: %(default)s)',
    )
    parser.add_argument('--rows', nargs='+', metavar='NAME', help='rows, with what they build on (default: all)')
    parser.add_argument('--seeds', type=int, nargs='*', default=[0, 1, 2], metavar='K', help='default: 0 1 2')
    parser.add_argument(
        '--gather',
        nargs='+',
        default=[],
        metavar='NPZ',
        help='seedK-samples.npz of further seeds, run in other folders or on other machines; --seeds without a number '
        'runs none here',
    )
    parser.add_argument('--workers', type=int, help='trainings side by side (default: one a core, one with a GPU)')
    parser.add_argument('--bootstrap', type=int, default=1000, metavar='R', help='replicates (default: %(default)s)')
    parser.add_argument(
        '--redo', action='store_true', help='run again from nothing what is done with another config, and all after it'
    )
    args = parser.parse_args(argv)
    try:
        with recorded_run(args.out, 'study', vars(args)):
            result = run_study(
                args.name,
                args.out,
                preset=args.preset,
                rows=args.rows,
                seeds=args.seeds,
                workers=args.workers,
                bootstrap=args.bootstrap,
                redo=args.redo,
                gather=args.gather,
            )
    except (ValueError, RuntimeError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    print(result.tables)
    print(f'{result.json_path}: all numbers; {result.json_path.with_name("tables.md")}: these tables')
    return 0
