"""Arguments that the commands which score predictions share."""

from __future__ import annotations

import argparse
from typing import Any

from mammo_plugins.evaluation import PROTOCOLS
from mammo_plugins.io.annotation_records import MODALITIES, SPLITS


def add_scoring_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds ``--ann``, ``--protocol``, ``--split``, ``--modality``, ``--bootstrap`` and ``--seed``."""
    parser.add_argument('--ann', required=True, metavar='JSON', help='annotation file')
    parser.add_argument(
        '--protocol',
        action='append',
        choices=sorted(PROTOCOLS),
        help='how detections are counted; may be given several times (default: mm3d and mm3d-2d)',
    )
    parser.add_argument('--split', choices=SPLITS, help='images to evaluate (default: all)')
    parser.add_argument('--modality', choices=MODALITIES, help='images to evaluate (default: all)')
    parser.add_argument(
        '--bootstrap', type=int, default=0, metavar='N', help='replicates for intervals (default: none)'
    )
    parser.add_argument('--seed', type=int, default=0, help='seed of the bootstrap (default: 0)')


def scoring_options(args: argparse.Namespace) -> dict[str, Any]:
    """What these arguments say, as keyword arguments of the functions in :mod:`mammo_plugins.apis`."""
    return dict(
        protocols=args.protocol or ('mm3d', 'mm3d-2d'),
        split=args.split,
        modality=args.modality,
        bootstrap=args.bootstrap,
        seed=args.seed,
    )
