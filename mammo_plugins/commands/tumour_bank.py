"""``mammo tumour-bank ANN OUT``: tumours with masks, for synthesis in another data set."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from mammo_plugins.apis.tumour_bank import cut_tumours
from mammo_plugins.io.annotation_records import MODALITIES, SPLITS


def main(argv: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Parses the command line and cuts; exit code 2 where there is nothing to cut."""
    parser = argparse.ArgumentParser(prog=prog, description='Cut findings that have masks into a bank of tumours.')
    parser.add_argument('annotations', metavar='ANN.json', help='annotation file of a data set with masks')
    parser.add_argument('out', metavar='OUT', help='folder for the bank')
    parser.add_argument('--modality', choices=MODALITIES, default='FFDM', help='images to use (default: FFDM)')
    parser.add_argument('--split', choices=SPLITS, help='images to use (default: all)')
    parser.add_argument('--pixel-mm', type=float, help='spacing of stored pixels where the file does not say')
    args = parser.parse_args(argv)
    try:
        count, left_out = cut_tumours(args.annotations, args.out, args.modality, args.split, args.pixel_mm)
    except (ValueError, OSError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    print(f'{args.out}: {count} tumours')
    for reason, number in left_out.items():
        print(f'left out: {number} findings {reason}')
    return 0
