"""``mammo evaluate PREDICTIONS --ann ANN``: score a predictions CSV."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from mammo_plugins.apis.evaluate import evaluate_predictions_file, print_results

from .scoring_arguments import add_scoring_arguments, scoring_options


def main(argv: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Parses the command line and evaluates; exit code 2 for input that cannot be scored."""
    parser = argparse.ArgumentParser(prog=prog, description='Score predictions (CSV in DBTex columns).')
    parser.add_argument('predictions', help='CSV with the columns of the DBTex challenge')
    add_scoring_arguments(parser)
    parser.add_argument('--lenient', action='store_true', help='leave unusable rows out and count them')
    parser.add_argument('--json', metavar='OUT', help='write numbers, counts and FROC curves here')
    args = parser.parse_args(argv)
    try:
        results = evaluate_predictions_file(
            args.predictions,
            args.ann,
            lenient=args.lenient,
            json_out=args.json,
            **scoring_options(args),
        )
    except (ValueError, OSError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    print_results(results)
    return 0
