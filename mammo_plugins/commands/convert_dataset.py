"""``mammo convert DATASET SRC OUT``: turn a data set into an annotation file."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from mammo_plugins.apis.convert import convert_dataset, print_summary
from mammo_plugins.io.annotation_records import MODALITIES, SPLITS


def main(argv: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Parses the command line and converts.

    Returns:
        0; 1 where ``--strict`` is given and something was left out; 2 where there is nothing to convert.
    """
    options = vars(_build_parser(prog).parse_args(argv))
    name, src, out, strict = (options.pop(key) for key in ('name', 'src', 'out', 'strict'))
    options['show_progress'] = not options.pop('no_progress')
    try:
        annotation_set = convert_dataset(name, src, out, **options)
    except (ValueError, OSError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    print_summary(annotation_set)
    if strict and annotation_set.info['dropped']:
        print(f'error: {len(annotation_set.info["dropped"])} rows were left out (--strict)', file=sys.stderr)
        return 1
    return 0


def _build_parser(prog: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=prog, description='Turn a data set into an annotation file (COCO JSON).')
    datasets = parser.add_subparsers(dest='name', required=True, metavar='DATASET')
    bcs_dbt = _add_dataset(datasets, 'bcs-dbt', 'Breast Cancer Screening - DBT (Duke, TCIA)')
    bcs_dbt.add_argument(
        '--split', dest='splits', action='append', choices=SPLITS, help='may be repeated (default: all with tables)'
    )
    bcs_dbt.add_argument(
        '--no-rotation-check',
        dest='check_rotation',
        action='store_false',
        help='do not look at the pixels for volumes stored turned by 180 degrees: only for copies turned already',
    )
    phantom = _add_dataset(datasets, 'phantom', 'phantoms of tools/make_phantoms.py')
    phantom.add_argument('--modality', action='append', choices=MODALITIES, help='may be repeated (default: all)')
    phantom.add_argument('--split', action='append', choices=SPLITS, help='may be repeated (default: all)')
    phantom.add_argument('--no-masks', dest='masks', action='store_false', help='leave the masks of lesions out')
    return parser


def _add_dataset(datasets: Any, name: str, summary: str) -> argparse.ArgumentParser:
    parser = datasets.add_parser(name, help=summary, description=f'Convert {summary}.')
    parser.add_argument('src', metavar='SRC', help='folder of the data set')
    parser.add_argument('out', metavar='OUT.json', help='annotation file to write')
    parser.add_argument('--strict', action='store_true', help='exit with 1 where anything was left out')
    parser.add_argument(
        '--workers', type=int, metavar='N', help='processes that read images (default: one a processor)'
    )
    parser.add_argument('--no-progress', action='store_true', help='no progress bar')
    return parser
