"""``mammo figures --ann ANN --model NAME CONFIG CHECKPOINT [--model ...] --out DIR``: what models find, for print."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from mammo_plugins.apis.figures import FigureModel, draw_figures
from mammo_plugins.apis.model_bundle.choice import choose_model
from mammo_plugins.apis.run_manifest import recorded_run
from mammo_plugins.io.annotation_records import SPLITS

from .run_arguments import add_model_arguments


def main(argv: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Parses the command line and draws; exit code 2 where there is nothing to draw."""
    args = _parser(prog).parse_args(argv)
    try:
        with recorded_run(args.out, 'figures', vars(args)):
            drawn = draw_figures(
                [_figure_model(model, args.trust_checkpoint) for model in args.model],
                args.ann,
                args.out,
                split=args.split,
                num_findings=args.findings,
                patients=args.patient,
                fp_per_volume=args.fp_per_volume,
                cfg_options=args.cfg_options,
                device=args.device,
                trust_checkpoint=args.trust_checkpoint,
            )
    except (ValueError, OSError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    for note in drawn.notes:
        print(f'note: {note}')
    for path in (*drawn.finding_panels, *drawn.slice_scores, drawn.numbers):
        print(path)
    return 0


def _figure_model(arguments: Sequence[str], trusted: bool) -> FigureModel:
    """What ``--model`` names: a title, and a config with a checkpoint or a model in one file."""
    if len(arguments) not in (2, 3):
        raise ValueError(f'--model {" ".join(arguments)}: give NAME CONFIG CHECKPOINT, or NAME and a model in one file')
    choice = choose_model(arguments[1], trusted=trusted) if len(arguments) == 2 else choose_model(None, *arguments[1:])
    return FigureModel(arguments[0], choice.config, choice.checkpoint)


def _parser(prog: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=prog,
        description='Draw malignant findings as each model sees them, and the slice scores of the last model.',
    )
    parser.add_argument('--ann', required=True, metavar='JSON', help='annotation file with the images of all models')
    parser.add_argument(
        '--model',
        nargs='+',
        action='append',
        required=True,
        metavar='NAME CONFIG CHECKPOINT',
        help='a column, or NAME and a model in one file; may be given several times, from left to right',
    )
    parser.add_argument('--out', required=True, metavar='DIR', help='folder for the figures and figures.json')
    parser.add_argument('--split', choices=SPLITS, default='test', help='images to predict (default: %(default)s)')
    parser.add_argument('--findings', type=int, default=2, metavar='K', help='most rows (default: %(default)s)')
    parser.add_argument(
        '--patient', action='append', metavar='ID', help='draw findings of this patient; may be given several times'
    )
    parser.add_argument(
        '--fp-per-volume',
        type=float,
        default=0.5,
        metavar='X',
        help='draw boxes from the score on that gives so many false positives per volume (default: %(default)s)',
    )
    add_model_arguments(parser, 'override fields of all configs')
    return parser
