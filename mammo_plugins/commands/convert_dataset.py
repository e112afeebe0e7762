"""``mammo convert DATASET SRC OUT``: turn a data set into an annotation file."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from mammo_plugins.apis.convert import convert_dataset, print_summary
from mammo_plugins.apis.convert.dataset import IMAGES_LOOKED_AT
from mammo_plugins.datasets.converters.patient_splits import DEFAULT_SHARES
from mammo_plugins.io.annotation_records import MODALITIES, SPLITS


def main(argv: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Parses the command line and converts.

    Returns:
        0; 1 where ``--strict`` is given and something was left out or is in doubt; 2 where there is nothing to convert.
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
    info = annotation_set.info
    if strict and info['dropped']:
        print(f'error: {len(info["dropped"])} rows were left out (--strict)', file=sys.stderr)
    if strict and info['doubts']['in_doubt']:
        print(f'error: {info["doubts"]["in_doubt"]} images are in doubt (--strict)', file=sys.stderr)
    return 1 if strict and (info['dropped'] or info['doubts']['in_doubt']) else 0


def _image_count(text: str) -> int | None:
    return None if text == 'all' else int(text)


def _build_parser(prog: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=prog, description='Turn a data set into an annotation file (COCO JSON).')
    datasets = parser.add_subparsers(dest='name', required=True, metavar='DATASET')
    bcs_dbt = _add_dataset(datasets, 'bcs-dbt', 'Breast Cancer Screening - DBT (Duke, TCIA)')
    _add_split_choice(bcs_dbt)
    bcs_dbt.add_argument(
        '--no-rotation-check',
        dest='check_rotation',
        action='store_false',
        help='do not look at the pixels for volumes stored turned by 180 degrees: only for copies turned already',
    )
    cbis_ddsm = _add_dataset(datasets, 'cbis-ddsm', 'CBIS-DDSM (digitised films with masks, TCIA)')
    _add_split_choice(cbis_ddsm)
    _add_validation_share(cbis_ddsm)
    cbis_ddsm.add_argument(
        '--kind', dest='kinds', action='append', choices=('mass', 'calc'), help='may be repeated (default: both)'
    )
    cbis_ddsm.add_argument(
        '--overlapping',
        choices=('test', 'drop'),
        default='test',
        help='where patients go who are in training and test tables (default: %(default)s)',
    )
    cbis_ddsm.add_argument('--no-masks', dest='masks', action='store_false', help='leave the masks of lesions out')
    _add_shares(_add_dataset(datasets, 'cmmd', 'Chinese Mammography Database (TCIA)'))
    _add_shares(_add_dataset(datasets, 'ddsm', 'DDSM (digitised films, .ics and .OVERLAY)'))
    embed = _add_dataset(datasets, 'embed', 'EMBED (Emory, 20 % open release)')
    _add_shares(embed)
    embed.add_argument('--special-views', action='store_true', help='include magnification and spot views')
    embed.add_argument(
        '--unproven-as-benign', action='store_true', help='suspicious findings without pathology count as benign'
    )
    _add_dataset(datasets, 'folder', 'any folder of images, without labels, for pretraining')
    inbreast = _add_dataset(datasets, 'inbreast', 'INbreast (Porto)')
    _add_shares(inbreast)
    inbreast.add_argument(
        '--malignant-from', default='4', metavar='BIRADS', help='lowest malignant category, such as 4a (default: 4)'
    )
    inbreast.add_argument(
        '--single-calcifications', action='store_true', help='include outlines of single calcifications (thousands)'
    )
    omi_db = _add_dataset(datasets, 'omi-db', 'OPTIMAM Mammography Image Database')
    _add_shares(omi_db)
    omi_db.add_argument('--for-processing', action='store_true', help='include unprocessed images')
    omi_db.add_argument('--unknown-outcomes', action='store_true', help='include breasts of unknown outcome')
    phantom = _add_dataset(datasets, 'phantom', 'phantoms of tools/make_phantoms.py')
    phantom.add_argument('--modality', action='append', choices=MODALITIES, help='may be repeated (default: all)')
    phantom.add_argument('--split', action='append', choices=SPLITS, help='may be repeated (default: all)')
    phantom.add_argument('--no-masks', dest='masks', action='store_false', help='leave the masks of lesions out')
    _add_shares(_add_dataset(datasets, 'rsna-2022', 'RSNA Screening Mammography 2022'))
    t_synth = _add_dataset(datasets, 't-synth', 'T-SYNTH (FDA, simulated FFDM, C-View and DBT)')
    _add_split_choice(t_synth)
    t_synth.add_argument(
        '--no-masks', dest='masks', action='store_false', help='boxes by the place and radius of a mass alone'
    )
    vindr = _add_dataset(datasets, 'vindr-mammo', 'VinDr-Mammo (PhysioNet)')
    _add_split_choice(vindr)
    _add_validation_share(vindr)
    vindr.add_argument(
        '--malignant-from', type=int, default=4, metavar='BIRADS', help='lowest malignant category (default: 4)'
    )
    vindr.add_argument(
        '--positioning', metavar='CSV', help='positioning_labels.csv with nipples and pectoral lines of 2,000 MLO'
    )
    return parser


def _add_split_choice(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '--split', dest='splits', action='append', choices=SPLITS, help='may be repeated (default: all)'
    )


def _add_validation_share(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '--validation-share',
        type=float,
        default=0.1,
        metavar='SHARE',
        help='of the training patients, for the validation split that the release lacks (default: %(default)s)',
    )
    _add_seed(parser)


def _add_shares(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '--split-shares',
        type=float,
        nargs=3,
        default=DEFAULT_SHARES,
        metavar=('TRAIN', 'VALIDATION', 'TEST'),
        help='shares of the patients; the release has no splits (default: 0.7 0.1 0.2)',
    )
    _add_seed(parser)


def _add_seed(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('--seed', type=int, default=0, help='who comes into which split (default: %(default)s)')


def _add_dataset(datasets: Any, name: str, summary: str) -> argparse.ArgumentParser:
    # argparse fills in what follows a percent sign, in help only.
    parser = datasets.add_parser(name, help=summary.replace('%', '%%'), description=f'Convert {summary}.')
    parser.add_argument('src', metavar='SRC', help='folder of the data set')
    parser.add_argument('out', metavar='OUT.json', help='annotation file to write')
    parser.add_argument('--strict', action='store_true', help='exit with 1 where anything was left out or in doubt')
    parser.add_argument(
        '--workers', type=int, metavar='N', help='processes that read images (default: one a processor)'
    )
    parser.add_argument(
        '--check-images',
        type=_image_count,
        default=IMAGES_LOOKED_AT,
        metavar='N|all',
        help='images to look into for doubtful grey values, drawn at random; 0 for none (default: %(default)s)',
    )
    parser.add_argument('--no-progress', action='store_true', help='no progress bar')
    return parser
