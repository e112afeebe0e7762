"""``mammo evaluate PREDICTIONS --ann ANN``: score a predictions CSV, group by group or whole, or compare two."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from mammo_plugins.apis.compare import compare_predictions_files, print_comparisons
from mammo_plugins.apis.evaluate import (
    evaluate_predictions_file,
    evaluate_subgroups_file,
    print_results,
    print_subgroups,
)
from mammo_plugins.evaluation import SUBGROUPS

from .scoring_arguments import add_scoring_arguments, scoring_options

_REPLICATES = 1000  # of a comparison, which is nothing without them


def main(argv: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Parses the command line and evaluates; exit code 2 for input that cannot be scored."""
    parser = argparse.ArgumentParser(prog=prog, description='Score predictions (CSV in DBTex columns).')
    parser.add_argument('predictions', nargs='?', help='CSV with the columns of the DBTex challenge')
    parser.add_argument(
        '--compare',
        nargs=2,
        metavar=('A.csv', 'B.csv'),
        help=f'test whether two models differ, in place of PREDICTIONS ({_REPLICATES} replicates without --bootstrap)',
    )
    add_scoring_arguments(parser)
    parser.add_argument(
        '--permutations', type=int, default=0, metavar='N', help='with --compare, replicates of a permutation test too'
    )
    parser.add_argument('--by', choices=SUBGROUPS, help='score each group of images or findings by itself')
    parser.add_argument('--lenient', action='store_true', help='leave unusable rows out and count them')
    parser.add_argument('--json', metavar='OUT', help='write numbers, counts and FROC curves here')
    args = parser.parse_args(argv)
    if (args.predictions is None) == (args.compare is None):
        parser.error('give one predictions CSV, or --compare A.csv B.csv')
    if args.permutations and not args.compare:
        parser.error('--permutations goes with --compare')
    if args.by and args.compare:
        parser.error('--by goes with one predictions CSV')
    try:
        _compare(args) if args.compare else _evaluate(args)
    except (ValueError, OSError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    return 0


def _evaluate(args: argparse.Namespace) -> None:
    options = dict(lenient=args.lenient, json_out=args.json, **scoring_options(args))
    if args.by:
        print_subgroups(evaluate_subgroups_file(args.predictions, args.ann, args.by, **options))
    else:
        print_results(evaluate_predictions_file(args.predictions, args.ann, **options))


def _compare(args: argparse.Namespace) -> None:
    options = scoring_options(args)
    options['bootstrap'] = options['bootstrap'] or _REPLICATES
    results = compare_predictions_files(
        *args.compare,
        args.ann,
        permutations=args.permutations,
        lenient=args.lenient,
        json_out=args.json,
        **options,
    )
    print_comparisons(results)
