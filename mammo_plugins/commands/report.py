"""``mammo report PREDICTIONS [PREDICTIONS ...] --ann ANN --out HTML``: a report to open in a browser."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from mammo_plugins.apis.report import report_predictions
from mammo_plugins.apis.run_manifest import recorded_run

from .named_files import named_files
from .pixel_arguments import add_pixel_arguments, kept_pixels
from .scoring_arguments import add_scoring_arguments, scoring_options


def main(argv: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Parses the command line and writes the report; exit code 2 for input that cannot be scored."""
    parser = argparse.ArgumentParser(prog=prog, description='Write one HTML file with results, curves and cases.')
    parser.add_argument(
        'predictions',
        nargs='+',
        metavar='[NAME=]PATH',
        help='detections (CSV), labels (CSV) or folders of maps, all kinds on one page, called NAME or as the file',
    )
    parser.add_argument('--out', required=True, metavar='HTML', help='where the report goes')
    parser.add_argument(
        '--pictures',
        metavar='DIR',
        help='pictures that the model made, such as the normal image: shown in pairs of both sides, with a slider',
    )
    parser.add_argument('--title', default='Evaluation report', help='heading of the report')
    parser.add_argument('--cases', type=int, default=6, metavar='N', help='breasts to show (default: 6)')
    parser.add_argument(
        '--whole-studies',
        action='store_true',
        help='hang the whole studies of these breasts, and the other studies of their patients',
    )
    add_pixel_arguments(parser)
    add_scoring_arguments(parser)
    args = parser.parse_args(argv)
    options = scoring_options(args, parser)
    try:
        named = named_files(args.predictions)
        with recorded_run(args.out, 'report', vars(args)):
            path = report_predictions(
                named,
                options,
                args.out,
                pictures=args.pictures,
                cases=args.cases,
                title=args.title,
                kept=kept_pixels(args),
                whole_studies=args.whole_studies,
            )
    except (ValueError, OSError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    print(f'report: {path.resolve()}')
    return 0
