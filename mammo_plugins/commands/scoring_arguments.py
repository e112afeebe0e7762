"""Arguments that the commands which score predictions share."""

from __future__ import annotations

import argparse

from mammo_plugins.apis.evaluate import ScoringOptions
from mammo_plugins.evaluation import HIT_PIXELS_OF, PROTOCOLS, get_protocol
from mammo_plugins.io.annotation_records import MODALITIES, SPLITS


def add_scoring_arguments(parser: argparse.ArgumentParser, with_tables: bool = False) -> None:
    """Adds what :func:`scoring_options` reads.

    Args:
        parser: gets the arguments.
        with_tables: also offer the tables of the DBTex challenge in place of an annotation file.
    """
    parser.add_argument('--ann', required=not with_tables, metavar='JSON', help='annotation file')
    if with_tables:
        parser.add_argument('--dbtex-labels', metavar='CSV', help='in place of --ann: labels table of BCS-DBT')
        parser.add_argument('--dbtex-boxes', metavar='CSV', help='in place of --ann: boxes table of BCS-DBT')
    parser.add_argument(
        '--protocol',
        action='append',
        type=protocol_name,
        metavar='NAME',
        help=f'how detections are counted: {", ".join(sorted(PROTOCOLS))}; center-hit@2 for FAUC-2; may be given '
        'several times (default: mm3d and mm3d-2d; dbtex for its tables)',
    )
    add_hit_pixels_argument(parser)
    add_targets_argument(parser)
    parser.add_argument('--split', choices=SPLITS, help='images to evaluate (default: all)')
    parser.add_argument('--modality', choices=MODALITIES, help='images to evaluate (default: all)')
    parser.add_argument(
        '--bootstrap', type=int, default=0, metavar='N', help='replicates for intervals and bands (default: none)'
    )
    parser.add_argument('--seed', type=int, default=0, help='seed of the bootstrap (default: 0)')
    parser.add_argument('--lenient', action='store_true', help='leave unusable rows out and count them')
    parser.add_argument(
        '--release-frame',
        action='store_true',
        help='boxes are measured in the frame of BCS-DBT, where volumes that are stored turned are turned back',
    )


def add_targets_argument(parser: argparse.ArgumentParser) -> None:
    """Adds ``--targets``."""
    parser.add_argument(
        '--targets',
        nargs='+',
        metavar='NAME',
        help='findings to be found: malignant, benign, or types such as mass (default: as the protocol says)',
    )


def protocol_name(name: str) -> str:
    """A name that :func:`~mammo_plugins.evaluation.get_protocol` knows, for ``argparse``."""
    try:
        return get_protocol(name).name
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def add_hit_pixels_argument(parser: argparse.ArgumentParser) -> None:
    """Adds ``--hit-pixels-of`` and ``--hit-radius-px``."""
    parser.add_argument(
        '--hit-pixels-of',
        choices=HIT_PIXELS_OF,
        help='center-hit, dbtex: whose pixels distances are measured in, those of the image itself (own, the default) '
        'or of the image of a modality that shows the same view',
    )
    parser.add_argument(
        '--hit-radius-px',
        type=float,
        metavar='R',
        help='center-hit, dbtex: how far centres may be apart where half of the diagonal is shorter (default: 100)',
    )


def scoring_options(args: argparse.Namespace, parser: argparse.ArgumentParser) -> ScoringOptions:
    """What these arguments say; ends the program where they contradict one another."""
    tables = (getattr(args, 'dbtex_labels', None), getattr(args, 'dbtex_boxes', None))
    if any(tables) and (args.ann or not all(tables)):
        parser.error('--dbtex-labels and --dbtex-boxes go together, and stand in place of --ann')
    if not args.ann and not any(tables):
        parser.error('give the truth: --ann JSON, or --dbtex-labels CSV and --dbtex-boxes CSV')
    if any(tables) and args.release_frame:
        parser.error("the challenge's tables are in the frame of the release already: leave --release-frame out")
    return ScoringOptions(
        annotations=args.ann or tables,
        protocols=tuple(args.protocol or (('dbtex',) if any(tables) else ('mm3d', 'mm3d-2d'))),
        split=args.split,
        modality=args.modality,
        bootstrap=args.bootstrap,
        seed=args.seed,
        lenient=args.lenient,
        release_frame=args.release_frame,
        hit_pixels_of=args.hit_pixels_of,
        hit_radius_px=args.hit_radius_px,
        targets=args.targets,
    )
