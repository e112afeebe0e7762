"""``mammo split ANN OUT --shares``: other splits by patient."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from mammo_plugins.apis.split import split_annotations
from mammo_plugins.io.annotation_records import SPLITS

from .expected_errors import in_a_sentence


@in_a_sentence
def main(argv: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Parses the command line, writes the file and counts what is in each split."""
    parser = argparse.ArgumentParser(prog=prog, description='Write an annotation file with other splits by patient.')
    parser.add_argument('annotations', metavar='ANN.json', help='annotation file')
    parser.add_argument('out', metavar='OUT.json', help='file to write')
    parser.add_argument(
        '--shares',
        type=float,
        nargs=3,
        required=True,
        metavar=('TRAIN', 'VALIDATION', 'TEST'),
        help='shares of the patients, such as 0.8 0.1 0.1',
    )
    parser.add_argument('--seed', type=int, default=0, help='who comes into which split (default: %(default)s)')
    args = parser.parse_args(argv)
    split = split_annotations(args.annotations, args.out, args.shares, args.seed)
    for name in SPLITS:
        images = [image for image in split.images if image.split == name]
        print(f'{name}: {len({image.patient_id for image in images})} patients, {len(images)} images')
    return 0
