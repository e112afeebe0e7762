"""``mammo predict SOURCE --config C --checkpoint K --out DIR``: what a model gives of files: findings, labels, maps."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from mammo_plugins.apis.dicom_results import check_kinds
from mammo_plugins.apis.predict import PredictionRun, predict
from mammo_plugins.io.dicom_out.result_settings import read_settings
from mammo_plugins.io.source_walk import printable_path

from .dicom_results import KINDS_HELP, SETTINGS_HELP
from .expected_errors import in_a_sentence
from .run_arguments import add_model_arguments

_CASES = {'image': 'images', 'breast': 'breasts', 'modalities': 'views', 'bilateral': 'pairs of breasts'}


@in_a_sentence
def main(argv: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Parses the command line and predicts.

    Returns:
        0; 1 where ``--strict`` is given and a file was left out or is in doubt; 2 where there is nothing to predict.
    """
    parser = argparse.ArgumentParser(
        prog=prog, description='Predict a DICOM, PNG or MetaImage file, or a folder of them: findings, labels or maps.'
    )
    parser.add_argument('source', help='file or folder')
    parser.add_argument('--config', required=True, help='the config that the checkpoint was trained with')
    parser.add_argument('--checkpoint', required=True, help='weights, a path or URL')
    parser.add_argument(
        '--out', required=True, metavar='DIR', help='folder for findings, labels, maps, report.html and left_out.csv'
    )
    parser.add_argument('--strict', action='store_true', help='exit with 1 where a file was left out or is in doubt')
    parser.add_argument('--dicom', metavar='KINDS', help=f'write results as DICOM too, below DIR/dicom; {KINDS_HELP}')
    parser.add_argument('--dicom-settings', metavar='JSON', help=SETTINGS_HELP)
    add_model_arguments(parser, 'override config fields')
    args = parser.parse_args(argv)
    dicom = None if args.dicom is None else (check_kinds(args.dicom), read_settings(args.dicom_settings))
    run = predict(
        args.source,
        config=args.config,
        checkpoint=args.checkpoint,
        out=args.out,
        device=args.device,
        cfg_options=args.cfg_options,
        trust_checkpoint=args.trust_checkpoint,
        dicom=dicom,
    )
    _print_summary(run)
    return 1 if args.strict and (run.left_out or run.doubts) else 0


def _print_summary(run: PredictionRun) -> None:
    for case, malignancy in run.malignancy.items():
        if malignancy is not None:
            _say(f'{case}: malignancy {malignancy:.3f}')
    for name, labels in run.labels.items():
        _say(f'{name}: {labels}')
    for path, reason in run.left_out.items():
        _say(f'left out: {printable_path(path)}: {reason}')
    for path, reason in run.doubts.items():
        _say(f'in doubt: {printable_path(path)}: {reason}')
    for note in run.notes:
        _say(f'note: {note}')
    for line in run.files.given:
        _say(f'the model gives {line}')
    what = _CASES[run.group_by]
    _say(f'{len(run.malignancy)} {what} predicted, {len(run.left_out)} files left out, {len(run.doubts)} in doubt')
    if run.dicom:
        _say(f'{len(run.dicom)} DICOM objects written')
    for path in (run.files.csv, *run.files.labels, run.files.maps, run.html, run.table, *run.dicom):
        if path is not None:
            _say(str(path))


def _say(line: str) -> None:
    """Prints a line as it is: names of files hold brackets, and screens of some machines not every letter."""
    encoding = sys.stdout.encoding or 'utf-8'
    print(line.encode(encoding, 'backslashreplace').decode(encoding))
