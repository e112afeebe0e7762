"""``mammo deidentify SOURCE OUT``: DICOM files without what tells who the patient is."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from mammo_plugins.apis.deidentify import DeidentificationRun, deidentify
from mammo_plugins.io.source_walk import printable_path

from .expected_errors import in_a_sentence


@in_a_sentence
def main(argv: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Parses the command line and de-identifies.

    Returns:
        0; 1 where ``--strict`` is given and a file was left out or is in doubt; 2 where nothing could be written.
    """
    parser = argparse.ArgumentParser(
        prog=prog,
        description='Write mammograms, their reports, marks and segmentations without what identifies patients and '
        'people, by the rules of DICOM PS3.15 Annex E. Pixels stay as they are: look at them before you share them.',
        epilog='exit code: 0, 1 where a file was left out or is in doubt and --strict is given, 2 where nothing could '
        'be written',
    )
    parser.add_argument('source', metavar='SOURCE', help='DICOM file or folder')
    parser.add_argument('out', metavar='OUT', help='new or empty folder; OUT-left-out.csv beside it names source files')
    parser.add_argument(
        '--key',
        metavar='FILE',
        help='secret under which ids, UIDs and dates are replaced, made where it does not exist; keep it apart from '
        'OUT (default: a new one that nobody keeps, so that another run replaces them otherwise)',
    )
    parser.add_argument('--workers', type=int, metavar='N', help='processes (default: all cores; 0: this process)')
    parser.add_argument('--strict', action='store_true', help='exit with 1 where a file was left out or is in doubt')
    parser.add_argument('--no-progress', action='store_true', help='no progress bar')
    args = parser.parse_args(argv)
    run = deidentify(args.source, args.out, key=args.key, workers=args.workers, show_progress=not args.no_progress)
    _print_summary(run)
    return 1 if args.strict and (run.left_out or run.doubts) else 0


def _print_summary(run: DeidentificationRun) -> None:
    for title, reasons in (('left out', run.left_out), ('in doubt', run.doubts)):
        for path, reason in sorted(reasons.items()):
            print(f'{title}: {printable_path(path)}: {reason}')
    repeated = f' ({run.repeated} more were the same object as another)' if run.repeated else ''
    print(
        f'{run.images} images and {run.others} other objects{repeated} written, {len(run.left_out)} files left out, '
        f'{len(run.doubts)} in doubt'
    )
    print(run.folder)
    print(run.table)
