"""``mammo convert-checkpoint SRC CONFIG OUT``: weights of another model, as far as they fit."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from mammo_plugins.apis.convert.checkpoint import convert_checkpoint, print_conversion


def main(argv: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Parses the command line and converts; exit code 2 where nothing fits."""
    parser = argparse.ArgumentParser(
        prog=prog, description='Keep the weights of a checkpoint that fit a config, and say what became of each.'
    )
    parser.add_argument('source', metavar='SRC', help="path or URL, for example of mmdet's Sparse R-CNN")
    parser.add_argument('config', metavar='CONFIG', help='config that is to be trained from them')
    parser.add_argument('out', metavar='OUT.pth', help='checkpoint to write, for load_from')
    parser.add_argument('--trust-checkpoint', action='store_true', help='load more than tensors; runs code in the file')
    args = parser.parse_args(argv)
    try:
        table = convert_checkpoint(args.source, args.config, args.out, trust_checkpoint=args.trust_checkpoint)
    except (ValueError, OSError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    print_conversion(table)
    return 0
