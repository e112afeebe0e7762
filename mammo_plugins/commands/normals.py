"""``mammo normals PICTURES --ann ANN``: normal images that a model made against the true ones of phantoms."""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Sequence
from pathlib import Path

from mammo_plugins.apis.normals import score_normals
from mammo_plugins.evaluation.functional.estimates import Estimate
from mammo_plugins.io import read_annotations
from mammo_plugins.io.annotation_records import MODALITIES, SPLITS

from .expected_errors import in_a_sentence


@in_a_sentence
def main(argv: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Parses the command line, scores and prints; exit code 2 where there is nothing to score."""
    parser = argparse.ArgumentParser(
        prog=prog,
        description='Score normal images against the true ones of phantoms: PSNR and SSIM inside and outside of '
        'lesions, how much of the lesions is removed and how much normal tissue is harmed. Beside the model: the '
        'mammogram unchanged, the other side, and a blur.',
    )
    parser.add_argument('pictures', metavar='PICTURES', help='folder of pictures of mammo predict or mammo test')
    parser.add_argument('--ann', required=True, metavar='ANN.json', help='annotation file of the phantoms')
    parser.add_argument('--normals', metavar='CSV', help='table of true images (default: phantom-normals.csv there)')
    parser.add_argument('--modality', choices=MODALITIES, default='FFDM', help='images to score (default: FFDM)')
    parser.add_argument('--split', choices=SPLITS, help='images to score (default: all)')
    parser.add_argument('--bootstrap', type=int, default=0, metavar='N', help='replicates over patients, for intervals')
    parser.add_argument('--seed', type=int, default=0, help='of the bootstrap (default: 0)')
    parser.add_argument('--json', metavar='OUT', help='write the numbers, and those of each image')
    args = parser.parse_args(argv)
    annotations = read_annotations(args.ann).select(modality=args.modality, split=args.split)
    scores = score_normals(args.pictures, annotations, args.normals, args.bootstrap, args.seed)
    print(', '.join(f'{count} images {name.replace("_", " ")}' for name, count in scores.images.items()))
    names = list(dict.fromkeys(name for numbers in scores.numbers.values() for name in numbers))
    for name in names:
        shown = {method: numbers.get(name) for method, numbers in scores.numbers.items()}
        print(f'{name:16}', '  '.join(f'{m} {_text(e)}' for m, e in shown.items() if e is not None))
    if args.json:
        content = {
            'images': dict(scores.images),
            'methods': {
                method: {name: one.as_dict() for name, one in numbers.items()}
                for method, numbers in scores.numbers.items()
            },
            'rows': [
                {**row, 'numbers': {name: _number(value) for name, value in row['numbers'].items()}}
                for row in scores.rows
            ],
        }
        Path(args.json).write_text(json.dumps(content, indent=1) + '\n', encoding='utf-8')
    return 0


def _text(estimate: Estimate) -> str:
    interval = '' if not estimate.has_interval else f' [{estimate.low:.3f}, {estimate.high:.3f}]'
    return f'{estimate.value:.3f}{interval}'


def _number(value: float) -> float | None:
    """Without NaN, which JSON does not know."""
    return None if math.isnan(value) else float(value)
