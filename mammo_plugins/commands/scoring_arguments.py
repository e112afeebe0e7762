"""Arguments that the commands which score predictions share."""

from __future__ import annotations

import argparse

from mammo_plugins.apis.evaluate import ScoringOptions
from mammo_plugins.evaluation import PROTOCOLS
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
        choices=sorted(PROTOCOLS),
        help='how detections are counted; may be given several times (default: mm3d and mm3d-2d; dbtex for its tables)',
    )
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
    )
