"""``mammo dicom DIR``: the predictions of a folder as DICOM objects, without predicting again."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from mammo_plugins.apis.dicom_results import check_kinds
from mammo_plugins.io.dicom_out.result_objects import KINDS
from mammo_plugins.io.dicom_out.result_settings import read_settings

from .expected_errors import in_a_sentence

KINDS_HELP = (
    'some of cad-sr (Mammography CAD SR), sr (TID 1500 report), gsps (presentation states), seg (segmentations) and sc '
    '(secondary captures), separated by commas'
)
SETTINGS_HELP = 'JSON file of how DICOM results are written: manufacturer, codes, thresholds, time'


@in_a_sentence
def main(argv: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Parses the command line and writes the objects.

    Returns:
        0; 1 where nothing could be written; 2 where the folder or the settings cannot be used.
    """
    parser = argparse.ArgumentParser(
        prog=prog, description='Write the predictions of a folder as DICOM objects, into DIR/dicom.'
    )
    parser.add_argument(
        'out', metavar='DIR', help='folder that mammo predict wrote; its images must lie where they lay'
    )
    parser.add_argument('--kinds', default=','.join(KINDS), metavar='KINDS', help=f'{KINDS_HELP} (default: all)')
    parser.add_argument('--settings', metavar='JSON', help=SETTINGS_HELP)
    args = parser.parse_args(argv)
    kinds, settings = check_kinds(args.kinds), read_settings(args.settings)
    from mammo_plugins.apis.predict.run_results import write_run_results  # loads torch, which --help does without

    written = write_run_results(args.out, kinds, settings)
    for note in written.notes:
        print(f'note: {note}')
    for path in written.files:
        print(path)
    print(f'{len(written.files)} DICOM objects written')
    return 0 if written.files else 1
