"""``mammo synthesize SOURCE --out FOLDER``: compute synthetic mammograms of tomosynthesis volumes."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from mammo_plugins.apis.run_manifest import recorded_run
from mammo_plugins.apis.synthesize import SynthesisRun, synthesize
from mammo_plugins.io.source_walk import printable_path

from .expected_errors import in_a_sentence


@in_a_sentence
def main(argv: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Parses the command line and computes.

    Returns:
        0; 1 where ``--strict`` is given and a file was left out or is in doubt; 2 where nothing could be computed.
    """
    parser = argparse.ArgumentParser(
        prog=prog,
        description='Compute a synthetic mammogram (SM) of each tomosynthesis volume (DBT), for data sets that have '
        'none. The files say that they are computed, and by whom.',
    )
    parser.add_argument('source', metavar='SOURCE', help='annotation file, or a DICOM file or folder')
    parser.add_argument(
        '--out',
        required=True,
        metavar='FOLDER',
        help='folder for images/, annotations.json (volumes and their SM) and left_out.csv',
    )
    parser.add_argument(
        '--workers', type=int, metavar='N', help='processes, each with a volume (default: all cores; 0: this process)'
    )
    parser.add_argument('--overwrite', action='store_true', help='compute those again that are there')
    parser.add_argument('--strict', action='store_true', help='exit with 1 where a file was left out or is in doubt')
    parser.add_argument('--no-progress', action='store_true', help='no progress bar')
    args = parser.parse_args(argv)
    with recorded_run(args.out, 'synthesize', vars(args)) as manifest:
        run = synthesize(
            args.source,
            args.out,
            overwrite=args.overwrite,
            workers=args.workers,
            show_progress=not args.no_progress,
        )
        manifest.left_out = run.left_out
    _print_summary(run)
    return 1 if args.strict and (run.left_out or run.doubts) else 0


def _print_summary(run: SynthesisRun) -> None:
    for title, reasons in (('left out', run.left_out), ('in doubt', run.doubts)):
        for path, reason in reasons.items():
            print(f'{title}: {printable_path(path)}: {reason}')
    for note in run.notes:
        print(f'note: {note}')
    paired = f', {run.paired} volumes have one already' if run.paired else ''
    print(
        f'{run.made} synthetic mammograms computed, {run.kept} were there{paired}, {len(run.left_out)} files left out, '
        f'{len(run.doubts)} in doubt'
    )
    print(run.annotations)
