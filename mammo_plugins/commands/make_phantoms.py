"""``mammo phantoms OUT --cases N --seed K`` and ``mammo phantoms exam OUT``: make synthetic breasts as DICOM."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from mammo_plugins.apis.phantoms import RELEASES, make_exam, make_phantoms

_PROGRESS_COLUMNS = (TextColumn, BarColumn, MofNCompleteColumn, TimeElapsedColumn, TimeRemainingColumn)


def main(argv: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Parses the command line and makes phantoms.

    Returns:
        0; 2 where an argument is impossible or a file cannot be written.
    """
    argv = sys.argv[1:] if argv is None else argv
    if _wants_exam(argv):
        return _make_exam(argv[1:], prog)
    options = vars(_build_parser(prog).parse_args(argv))
    if options.pop('placed'):
        options['overrides'] = {**options['overrides'], 'imaging.placed': True}
    columns = [column('patients') if column is TextColumn else column() for column in _PROGRESS_COLUMNS]
    try:
        with Progress(*columns, console=Console(stderr=True)) as progress:
            task = progress.add_task('patients', total=options['cases'])
            folder = make_phantoms(**options, on_patient=lambda done: progress.update(task, completed=done))
    except (ValueError, OSError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    print(f'{options["cases"]} patients in {folder}')
    return 0


def _wants_exam(argv: Sequence[str]) -> bool:
    """``exam`` comes first, and there is no ``--cases``, with which it is the folder of a release, as ever."""
    return argv[:1] == ['exam'] and not any(word.startswith('--c') for word in argv)


def _make_exam(argv: Sequence[str], prog: str | None) -> int:
    args = _build_exam_parser(prog).parse_args(argv)
    try:
        findings = make_exam(args.out, args.seed, args.modality, args.preset, args.size)
    except (ValueError, OSError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    print(f'{len(list(Path(args.out).iterdir()))} images in {args.out}')
    for side, malignancy, kind in sorted({(found.view[0], found.malignancy, found.type) for found in findings}):
        print(f'{"left" if side == "l" else "right"} breast: {malignancy} {kind}')
    return 0


def _build_exam_parser(prog: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f'{prog} exam' if prog else None,
        description='Make one exam as a hospital sends it: both breasts in two views, a malignant finding in one '
        'breast and a benign one in the other, as DICOM files without tables.',
    )
    parser.add_argument('out', metavar='OUT', help='new or empty folder')
    parser.add_argument(
        '--modality', nargs='+', choices=('FFDM', 'DBT', 'SM'), default=['FFDM'], help='of each view (default: FFDM)'
    )
    parser.add_argument('--seed', type=int, default=0, help='the same seed gives the same bytes (default: 0)')
    parser.add_argument('--preset', default='demo', help='as of releases (default: %(default)s)')
    parser.add_argument('--size', help='demo, full or ROWSxCOLUMNSxSLICES (default: as in the preset)')
    return parser


def _build_parser(prog: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=prog,
        description='Make synthetic breasts (FFDM, DBT and SM) as DICOM, with the tables of a release.',
        epilog='one exam as a hospital sends it, DICOM files alone: mammo phantoms exam OUT, see mammo phantoms exam '
        '--help. With --cases, exam is the name of the folder.',
    )
    parser.add_argument('out', metavar='OUT', help='new or empty folder')
    parser.add_argument('--cases', type=int, required=True, help='patients, each with two breasts in two views')
    parser.add_argument('--seed', type=int, required=True, help='the same seed gives the same bytes')
    parser.add_argument(
        '--release', choices=RELEASES, default='bcs-dbt', help='layout and tables (default: %(default)s)'
    )
    parser.add_argument(
        '--preset',
        default='demo',
        help='demo, easy, pairs (FFDM and SM differ in what they show), symmetric (both breasts of a patient alike), '
        'vendors (six far styles, masses with a BI-RADS each) or full (default: %(default)s)',
    )
    parser.add_argument('--size', help='demo, full or ROWSxCOLUMNSxSLICES (default: as in the preset)')
    parser.add_argument(
        '--placed',
        action='store_true',
        help='volumes state where their slices lie in the patient, which DICOM segmentations need',
    )
    parser.add_argument(
        '--split', type=float, nargs=3, default=(0.6, 0.15, 0.25), metavar=('TRAIN', 'VALIDATION', 'TEST'),
        help='shares of the patients (default: 0.6 0.15 0.25)',
    )  # fmt: skip
    parser.add_argument('--workers', type=int, default=os.cpu_count() or 1, help='processes (default: all cores)')
    parser.add_argument(
        '--settings', dest='overrides', type=_json_object, default={}, metavar='JSON',
        help='settings by name, for example \'{"finding.malignant_share": 0.3}\'',
    )  # fmt: skip
    return parser


def _json_object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise argparse.ArgumentTypeError(f'{text!r} is not JSON: {error}') from error
    if not isinstance(value, dict):
        raise argparse.ArgumentTypeError(f'{text!r} is not a JSON object such as {{"finding.malignant_share": 0.3}}')
    return value


if __name__ == '__main__':
    sys.exit(main())
