"""``mammo disagreements NAME=CSV NAME=CSV [...] --ann ANN``: what some models find and others miss."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from mammo_plugins.apis.disagreements import DisagreementOptions, PredictionFiles, compare_found, print_disagreements
from mammo_plugins.evaluation import PROTOCOLS
from mammo_plugins.io.annotation_records import MODALITIES, SPLITS

from .expected_errors import in_a_sentence
from .named_files import named_files
from .scoring_arguments import add_hit_pixels_argument


@in_a_sentence
def main(argv: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Parses the command line and compares; exit code 2 for input that cannot be compared."""
    args = _parser(prog).parse_args(argv)
    named = named_files(args.predictions)
    shared = len(args.modality) == 1 and '=' not in args.modality[0]
    modalities = dict.fromkeys(named, args.modality[0]) if shared else _by_model(args.modality, named, '--modality')
    if unknown := [modality for modality in modalities.values() if modality not in MODALITIES]:
        raise ValueError(f'--modality: {unknown[0]!r} is none of {", ".join(MODALITIES)}')
    threshold_paths = _by_model(args.threshold_from, named, '--threshold-from')
    models = [
        PredictionFiles(name, path, threshold_paths.get(name), modalities.get(name)) for name, path in named.items()
    ]
    options = DisagreementOptions(
        annotations=args.ann,
        split=args.split,
        threshold_split=args.threshold_split,
        threshold_fp=args.threshold_fp,
        protocol=args.protocol,
        hit_pixels_of=args.hit_pixels_of,
        hit_radius_px=args.hit_radius_px,
        lenient=args.lenient,
    )
    result = compare_found(
        models, options, json_out=args.json, html_out=args.html, examples=args.examples, seed=args.seed
    )
    print_disagreements(result, options)
    return 0


def _parser(prog: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=prog,
        description='Sort lesions and false positives by the models that find them, each model at a threshold that was '
        'chosen on other images.',
    )
    parser.add_argument(
        'predictions',
        nargs='+',
        metavar='[NAME=]CSV',
        help='detections of two or more models, called NAME or as the file',
    )
    parser.add_argument('--ann', required=True, metavar='JSON', help='annotation file with the images of all models')
    parser.add_argument('--split', choices=SPLITS, default='test', help='images to compare (default: %(default)s)')
    parser.add_argument(
        '--modality',
        nargs='+',
        default=[],
        metavar='[NAME=]MODALITY',
        help='what each model reads, or all of them; needed where neither file tells',
    )
    parser.add_argument(
        '--threshold-from',
        nargs='+',
        default=[],
        metavar='NAME=CSV',
        help='predictions that the threshold of a model is chosen on (default: its file holds them too)',
    )
    parser.add_argument(
        '--threshold-split', choices=SPLITS, default='validation', help='images for that (default: %(default)s)'
    )
    parser.add_argument(
        '--threshold-fp',
        type=float,
        default=1.0,
        metavar='FP',
        help='false positives an image that each model may have there (default: %(default)s)',
    )
    measuring = sorted(name for name, protocol in PROTOCOLS.items() if protocol.numbers)
    parser.add_argument(
        '--protocol', choices=measuring, default='center-hit', help='what a hit is (default: %(default)s)'
    )
    add_hit_pixels_argument(parser)
    parser.add_argument(
        '--json', metavar='OUT', help='write all counts, every lesion and every false positive view here'
    )
    parser.add_argument('--html', metavar='OUT', help='write a page with the counts and pictures of each bucket here')
    parser.add_argument(
        '--examples',
        type=int,
        default=6,
        metavar='N',
        help='pictures of a bucket, drawn at random (default: %(default)s)',
    )
    parser.add_argument('--seed', type=int, default=0, help='seed of that draw (default: %(default)s)')
    parser.add_argument('--lenient', action='store_true', help='leave unusable rows out')
    return parser


def _by_model(arguments: Sequence[str], models: Sequence[str], option: str) -> dict[str, str]:
    """Model to value, of ``NAME=VALUE``."""
    values: dict[str, str] = {}
    for argument in arguments:
        name, found, value = argument.partition('=')
        if not found or name not in models or name in values:
            raise ValueError(f'{option} {argument}: expected NAME=VALUE, once for a model of {", ".join(models)}')
        values[name] = value
    return values
