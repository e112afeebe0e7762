"""``mammo evaluate PREDICTIONS --ann ANN``: score a predictions CSV."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from mammo_plugins.apis.evaluate import evaluate_predictions_file, print_results
from mammo_plugins.evaluation import PROTOCOLS
from mammo_plugins.io.annotation_records import MODALITIES, SPLITS


def main(argv: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Parses the command line and evaluates; exit code 2 for input that cannot be scored."""
    parser = argparse.ArgumentParser(prog=prog, description='Score predictions (CSV in DBTex columns).')
    parser.add_argument('predictions', help='CSV with the columns of the DBTex challenge')
    parser.add_argument('--ann', required=True, metavar='JSON', help='annotation file')
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
    parser.add_argument('--lenient', action='store_true', help='leave unusable rows out and count them')
    parser.add_argument('--json', metavar='OUT', help='write numbers, counts and FROC curves here')
    args = parser.parse_args(argv)
    try:
        results = evaluate_predictions_file(
            args.predictions,
            args.ann,
            protocols=args.protocol or ('mm3d', 'mm3d-2d'),
            split=args.split,
            modality=args.modality,
            bootstrap=args.bootstrap,
            seed=args.seed,
            lenient=args.lenient,
            json_out=args.json,
        )
    except (ValueError, OSError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    print_results(results)
    return 0
