"""``mammo mean-histogram ANN OUT``: the reference histogram that projections are matched to (HM baseline)."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from mammo_plugins.apis.mean_histogram import write_mean_histogram
from mammo_plugins.io.annotation_records import MODALITIES, SPLITS


def main(argv: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Parses the command line and averages; exit code 2 where there is nothing to average."""
    parser = argparse.ArgumentParser(prog=prog, description='Average the grey values of breasts, for MatchHistogram.')
    parser.add_argument('annotations', metavar='ANN.json', help='annotation file')
    parser.add_argument('out', metavar='OUT.json', help='histogram to write')
    parser.add_argument('--modality', choices=MODALITIES, default='FFDM', help='images to use (default: FFDM)')
    parser.add_argument('--split', choices=SPLITS, default='train', help='images to use (default: train)')
    parser.add_argument('--limit', type=int, metavar='N', help='use the first N images only (default: all)')
    args = parser.parse_args(argv)
    try:
        count = write_mean_histogram(args.annotations, args.out, args.modality, args.split, args.limit)
    except (ValueError, OSError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    print(f'{args.out}: mean histogram of {count} images')
    return 0
