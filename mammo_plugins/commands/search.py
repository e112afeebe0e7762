"""``mammo search SEARCH``: random search over fields of the configs of a plan."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from functools import partial

from rich.console import Console

from mammo_plugins.apis.run_manifest import recorded_run
from mammo_plugins.apis.search import best_trial, draw_trials, read_search, run_search, trials_table

from .run_arguments import add_config_overrides


def main(argv: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Parses the command line and runs the search; exit code 1 where no trial ended well, 2 where none can run."""
    parser = argparse.ArgumentParser(
        prog=prog,
        description='Train a plan many times with fields drawn at random, and compare a validation number. Run it '
        'again to go on where it was stopped, or with more --trials.',
    )
    parser.add_argument('search', help='a config with stages, space and number, see docs/search.md')
    parser.add_argument('--out', required=True, metavar='DIR', help='folder for everything')
    parser.add_argument('--trials', type=int, metavar='N', help='how many in all (default: as the search says, or 30)')
    parser.add_argument('--seed', type=int, default=0, help='of what is drawn (default: %(default)s)')
    parser.add_argument('--workers', type=int, default=1, help='trials side by side (default: %(default)s)')
    parser.add_argument('--scheduler', metavar='ADDRESS', help='Dask scheduler whose workers run the trials instead')
    parser.add_argument('--dry-run', action='store_true', help='show what is drawn and how far it is, and run nothing')
    add_config_overrides(parser, 'override fields of the configs of all stages; those that are searched win')
    args = parser.parse_args(argv)
    if min(args.workers, args.trials or 1) < 1:
        parser.error('--trials and --workers must be at least 1')
    console = Console(soft_wrap=True, highlight=False)
    try:
        search = read_search(args.search, args.cfg_options)
        if args.dry_run:
            console.print(trials_table(search, draw_trials(search, args.out, trials=args.trials, seed=args.seed)))
            return 0
        with recorded_run(args.out, 'search', vars(args)):
            trials = run_search(
                search,
                args.out,
                trials=args.trials,
                seed=args.seed,
                workers=args.workers,
                scheduler=args.scheduler,
                announce=partial(console.print, markup=False),
            )
    except (ValueError, FileNotFoundError, ModuleNotFoundError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    console.print(trials_table(search, trials))
    best = best_trial(search, trials)
    if best is None:
        print(f'error: no trial ended well; see the logs in {args.out}/trials', file=sys.stderr)
        return 1
    options = ' '.join(f'{name}={value}' for name, value in best.parameters.items())
    console.print(f'best: trial {best.index}, --cfg-options {options}', markup=False)
    return 0
