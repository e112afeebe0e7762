"""``mammo styles gather|fill``: a folder of learned styles, and images translated by it."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from mammo_plugins.apis.styles import fill_styles, gather_styles

from .expected_errors import in_a_sentence
from .run_arguments import add_checkpoint_trust, add_config_overrides


@in_a_sentence
def main(argv: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Parses the command line, and gathers generators or translates images.

    Returns:
        0; 1 where ``--strict`` is given and an image could not be translated; 2 where nothing can be done.
    """
    args = _build_parser(prog).parse_args(argv)
    return args.run(args)


def _build_parser(prog: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=prog,
        description="Show images in other vendors' styles: put trained generators into a folder, the bank of styles, "
        'and translate the images of a training before it begins.',
    )
    commands = parser.add_subparsers(metavar='COMMAND', required=True)
    gather = commands.add_parser('gather', help='put the generators of trainings into a folder')
    gather.add_argument('folder', metavar='FOLDER', help='the bank of styles')
    gather.add_argument(
        'checkpoints', nargs='+', metavar='CHECKPOINT', help="one of each two styles, with its training's config beside"
    )
    add_checkpoint_trust(gather)
    gather.set_defaults(run=_gather)
    fill = commands.add_parser('fill', help='translate the training images of a config')
    fill.add_argument('folder', metavar='FOLDER', help='the bank of styles')
    fill.add_argument('config', metavar='CONFIG', help='path or name of what trains with the styles')
    fill.add_argument('--ann', metavar='ANN.json', help='annotation file in place of that of the config')
    fill.add_argument('--device', help='such as cuda:1 or cpu (default: the first GPU, or the CPU)')
    fill.add_argument('--verify', action='store_true', help='read what is there, and make damaged images again')
    fill.add_argument('--known-only', action='store_true', help='leave images of manufacturers without a style out')
    fill.add_argument('--strict', action='store_true', help='exit with 1 where an image could not be translated')
    fill.add_argument('--no-progress', action='store_true', help='no progress bar')
    add_config_overrides(fill, 'override config fields')
    fill.set_defaults(run=_fill)
    return parser


def _gather(args: argparse.Namespace) -> int:
    learned = gather_styles(args.folder, args.checkpoints, args.trust_checkpoint)
    print(f'{args.folder}: {len(learned.digests)} generators of {len(learned.styles)} styles')
    for name, makers in learned.styles.items():
        print(f'  {name}: {", ".join(makers)}')
    return 0


def _fill(args: argparse.Namespace) -> int:
    filled = fill_styles(
        args.folder,
        args.config,
        ann_file=args.ann,
        cfg_options=args.cfg_options,
        device=args.device,
        verify=args.verify,
        known_only=args.known_only,
        show_progress=not args.no_progress,
    )
    print(
        f'{args.folder}: {filled.made} images translated, {filled.found} were there, {len(filled.failed)} files failed'
    )
    for reason in filled.failed.values():
        print(f'  failed: {reason}')
    return 1 if args.strict and filled.failed else 0
