"""``mammo predict SOURCE --out DIR [--model NAME_OR_ZIP]``: what a model gives of files: findings, labels, maps."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from itertools import islice

from mammo_plugins.apis.dicom_results import check_kinds
from mammo_plugins.apis.predict import PredictionRun, predict
from mammo_plugins.apis.predict.study_parts import StudyRecord
from mammo_plugins.apis.process_group import is_first_process
from mammo_plugins.apis.run_config import leave_process_group
from mammo_plugins.apis.run_manifest import RunManifest, recorded_run
from mammo_plugins.evaluation.evaluate_saliency import GRIDS
from mammo_plugins.io.dicom_out.result_settings import read_settings
from mammo_plugins.io.source_walk import printable_path

from .dicom_results import KINDS_HELP, SETTINGS_HELP
from .expected_errors import in_a_sentence
from .pixel_arguments import add_pixel_arguments, kept_pixels
from .run_arguments import add_launcher, add_model_arguments, add_model_choice

_MOST_FILES = 100  # on the screen; the table has all
_CASES = {'image': 'images', 'breast': 'breasts', 'modalities': 'views', 'bilateral': 'pairs of breasts'}


@in_a_sentence
def main(argv: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Parses the command line and predicts.

    Returns:
        0; 1 where a study could not be predicted, or ``--strict`` is given and a file was left out or is in doubt; 2
        where there is nothing to predict.
    """
    args = _build_parser(prog).parse_args(argv)
    kinds, results = check_kinds(args.dicom) if args.dicom else (), read_settings(args.dicom_settings)
    with recorded_run(args.out, 'predict', vars(args)) as manifest:
        run = predict(
            args.source,
            out=args.out,
            model=args.model,
            config=args.config,
            checkpoint=args.checkpoint,
            device=args.device,
            cfg_options=args.cfg_options,
            trust_checkpoint=args.trust_checkpoint,
            batch_size=args.batch_size,
            map_grid=args.map_grid,
            resume=args.resume,
            workers=args.workers,
            scheduler=args.scheduler,
            launcher=args.launcher,
            on_study=_print_study,
            dicom=kinds,
            dicom_settings=results,
            priors=args.priors,
            kept=kept_pixels(args),
        )
        _note(manifest, run, args.device)
        is_first = is_first_process()
    leave_process_group()
    if is_first:
        _print_summary(run)
    summary = run.summary
    return 1 if summary.num_failed or (args.strict and (summary.num_left_out or summary.num_doubts)) else 0


def _build_parser(prog: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=prog,
        description='Predict a DICOM, PNG or MetaImage file, or a folder of any size: findings, labels or maps.',
    )
    parser.add_argument('source', help='file or folder')
    parser.add_argument(
        '--out', required=True, metavar='DIR', help='folder for findings, labels, maps, report.html and left_out.csv'
    )
    add_model_choice(parser)
    parser.add_argument('--dicom', metavar='KINDS', help=f'results as DICOM too, into DIR/dicom; {KINDS_HELP}')
    parser.add_argument('--dicom-settings', metavar='JSON', help=SETTINGS_HELP)
    parser.add_argument('--resume', action='store_true', help='go on where a run with the same arguments was stopped')
    parser.add_argument('--strict', action='store_true', help='exit with 1 where a file was left out or is in doubt')
    parser.add_argument(
        '--map-grid',
        default='map',
        choices=GRIDS,
        help='image: saliency maps with a value a stored pixel, as large as the images; map: as the model gives them',
    )
    parser.add_argument('--batch-size', type=int, default=1, metavar='N', help='cases at once (default: %(default)s)')
    parser.add_argument(
        '--workers', type=int, default=1, metavar='N', help='processes on this machine (default: %(default)s)'
    )
    parser.add_argument('--scheduler', metavar='ADDRESS', help='Dask scheduler whose workers predict instead')
    parser.add_argument(
        '--priors',
        type=int,
        default=1,
        metavar='N',
        help='earlier studies of the patient, found in SOURCE by Study Date, that a page shows beside the study '
        '(default: %(default)s)',
    )
    add_pixel_arguments(parser)
    add_launcher(parser)
    add_model_arguments(parser, 'override config fields')
    return parser


def _note(manifest: RunManifest, run: PredictionRun, device: str | None) -> None:
    manifest.use_device(device)
    manifest.model = run.model
    summary = run.summary
    manifest.counts = {
        'studies': summary.num_studies,
        'failed studies': summary.num_failed,
        'cases': summary.num_cases,
        'images': summary.num_images,
        'files left out': summary.num_left_out,
        'images in doubt': summary.num_doubts,
        'DICOM objects': summary.num_dicom,
    }
    manifest.left_out = run.left_out


def _print_study(record: StudyRecord) -> None:
    for case in record.cases:
        if case['malignancy'] is not None:
            _say(f'{case["name"]}: malignancy {case["malignancy"]:.3f}')
        if case['labels']:
            _say(f'{case["name"]}: {case["labels"]}')
    for name, labels in record.image_labels.items():
        _say(f'{name}: {labels}')
    for note in record.dicom_notes:
        _say(f'note: {note}')
    if record.failed:
        _say(f'failed: study {record.number}: {record.failed}')


def _print_summary(run: PredictionRun) -> None:
    summary = run.summary
    for status, reasons in (('left out', run.left_out), ('in doubt', run.doubts)):
        for path, reason in islice(reasons.items(), _MOST_FILES):
            _say(f'{status}: {printable_path(path)}: {reason}')
        if len(reasons) > _MOST_FILES:
            _say(f'{status}: {len(reasons) - _MOST_FILES} more, see {run.table}')
    for note in run.notes:
        _say(f'note: {note}')
    for line in run.given:
        _say(f'the model gives {line}')
    _say(
        f'{summary.num_cases} {_CASES[summary.group_by]} predicted, {summary.num_left_out} files left out, '
        f'{summary.num_doubts} in doubt'
    )
    if run.dicom:
        _say(f'{summary.num_dicom} DICOM objects written')
    for path in (run.csv, *run.labels, run.maps, run.html, run.table, run.dicom):
        if path is not None:
            _say(str(path))


def _say(line: str) -> None:
    """Prints a line as it is: names of files hold brackets, and screens of some machines not every letter."""
    encoding = sys.stdout.encoding or 'utf-8'
    print(line.encode(encoding, 'backslashreplace').decode(encoding))
