"""``mammo report PREDICTIONS [PREDICTIONS ...] --ann ANN --out HTML``: a report to open in a browser."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from mammo_plugins.apis.report import report_predictions_files
from mammo_plugins.evaluation import PROTOCOLS
from mammo_plugins.io.annotation_records import MODALITIES, SPLITS


def main(argv: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Parses the command line and writes the report; exit code 2 for input that cannot be scored."""
    parser = argparse.ArgumentParser(prog=prog, description='Write one HTML file with results, curves and cases.')
    parser.add_argument(
        'predictions', nargs='+', metavar='[NAME=]CSV', help='predictions, named in the report by NAME or the file name'
    )
    parser.add_argument('--ann', required=True, metavar='JSON', help='annotation file')
    parser.add_argument('--out', required=True, metavar='HTML', help='where the report goes')
    parser.add_argument('--title', default='Detection report', help='heading of the report')
    parser.add_argument('--cases', type=int, default=6, metavar='N', help='breasts to show (default: 6)')
    parser.add_argument(
        '--protocol',
        action='append',
        choices=sorted(PROTOCOLS),
        help='how detections are counted; may be given several times (default: mm3d and mm3d-2d)',
    )
    parser.add_argument('--split', choices=SPLITS, help='images to evaluate (default: all)')
    parser.add_argument('--modality', choices=MODALITIES, help='images to evaluate (default: all)')
    parser.add_argument(
        '--bootstrap', type=int, default=0, metavar='N', help='replicates for intervals (default: none)'
    )
    parser.add_argument('--seed', type=int, default=0, help='seed of the bootstrap (default: 0)')
    args = parser.parse_args(argv)
    try:
        path = report_predictions_files(
            _named(args.predictions),
            args.ann,
            args.out,
            protocols=args.protocol or ('mm3d', 'mm3d-2d'),
            split=args.split,
            modality=args.modality,
            bootstrap=args.bootstrap,
            seed=args.seed,
            cases=args.cases,
            title=args.title,
        )
    except (ValueError, OSError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    print(f'report: {path.resolve()}')
    return 0


def _named(arguments: Sequence[str]) -> dict[str, str]:
    """Name to path; a name in front of ``=`` wins over that of the file."""
    named: dict[str, str] = {}
    for argument in arguments:
        name, found, path = argument.partition('=')
        name, path = (name, path) if found else (Path(argument).stem, argument)
        if name in named:
            raise ValueError(f'two predictions are called {name!r}: name them, as in first={named[name]} second={path}')
        named[name] = path
    return named
