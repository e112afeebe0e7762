"""``mammo model export CONFIG CHECKPOINT ZIP --about JSON``: a trained model in one file."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from mammo_plugins.apis.evaluate import ScoringOptions
from mammo_plugins.apis.model_bundle import read_about
from mammo_plugins.apis.model_bundle.exporting import export_model
from mammo_plugins.apis.model_bundle.operating_points import OperatingPoint, choose_operating_points
from mammo_plugins.io.annotation_records import MODALITIES, SPLITS

from .expected_errors import in_a_sentence
from .named_files import named_files
from .run_arguments import add_checkpoint_trust, add_config_overrides
from .scoring_arguments import add_targets_argument, protocol_name


@in_a_sentence
def main(argv: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Parses the command line and exports."""
    args = _build_parser(prog).parse_args(argv)
    exported = export_model(
        args.config,
        args.checkpoint,
        args.out,
        read_about(args.about),
        points=_operating_points(args),
        metrics=named_files(args.metrics),
        license_file=args.license,
        half=args.half,
        cfg_options=args.cfg_options,
        trust_checkpoint=args.trust_checkpoint,
    )
    if exported.blanks:
        print(f'to be written by a person: {", ".join(exported.blanks)} (in {args.about})')
    print(f'{exported.path}: {exported.path.stat().st_size / 1e6:.1f} MB, digest {exported.digest}')
    return 0


def _build_parser(prog: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=prog, description='Put a config and a checkpoint into one file.')
    parser.add_argument('config', help='the config that the checkpoint was trained with')
    parser.add_argument('checkpoint', help='weights, a path or URL')
    parser.add_argument('out', metavar='ZIP', help='the file to write')
    parser.add_argument('--about', required=True, metavar='JSON', help='name, version, intended use and so on')
    parser.add_argument('--license', metavar='FILE', help='the text of the licence')
    parser.add_argument('--half', action='store_true', help='store weights with 16 bits')
    parser.add_argument(
        '--metrics', nargs='+', default=[], metavar='TITLE=JSON', help='results of "mammo evaluate --json"'
    )
    parser.add_argument('--thresholds-from', metavar='CSV', help='findings in the images to choose thresholds on')
    parser.add_argument('--ann', metavar='JSON', help='annotation file of these images')
    parser.add_argument('--split', choices=SPLITS, default='validation', help='their split (default: %(default)s)')
    parser.add_argument('--modality', choices=MODALITIES, help='their modality (default: all)')
    parser.add_argument(
        '--protocol',
        action='append',
        type=protocol_name,
        metavar='NAME',
        help='how hits are counted (default: mm3d-2d)',
    )
    add_targets_argument(parser)
    parser.add_argument(
        '--fp-per-volume', nargs='+', type=float, default=[0.25, 0.5], metavar='X', help='a threshold for each'
    )
    add_config_overrides(parser, 'override config fields')
    add_checkpoint_trust(parser)
    return parser


def _operating_points(args: argparse.Namespace) -> list[OperatingPoint]:
    if args.thresholds_from is None:
        return []
    if args.ann is None:
        raise ValueError('--thresholds-from needs --ann, the annotation file of the images')
    protocols = tuple(args.protocol or ('mm3d-2d',))
    options = ScoringOptions(args.ann, protocols, args.split, args.modality, targets=args.targets)
    return choose_operating_points(args.thresholds_from, options, args.fp_per_volume)
