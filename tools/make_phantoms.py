"""Makes synthetic breast images as DICOM with the tables of a public release."""

from __future__ import annotations

import argparse
import json
import sys

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from mammo_plugins.apis.phantoms import RELEASES, make_phantoms


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog='make_phantoms', description=__doc__)
    parser.add_argument('out', help='new or empty folder')
    parser.add_argument('--cases', type=int, required=True, help='patients, each with two breasts in two views')
    parser.add_argument('--seed', type=int, required=True, help='the same seed gives the same bytes')
    parser.add_argument('--release', choices=RELEASES, default='bcs-dbt', help='layout and tables (default: %(default)s)')
    parser.add_argument('--preset', default='demo', help='demo, easy or full (default: %(default)s)')
    parser.add_argument('--size', help='demo, full or ROWSxCOLUMNSxSLICES (default: that of the preset)')
    parser.add_argument('--split', type=float, nargs=3, default=(0.6, 0.15, 0.25), metavar=('TRAIN', 'VAL', 'TEST'))
    parser.add_argument('--workers', type=int, default=2, help='processes (default: %(default)s)')
    parser.add_argument('--settings', type=json.loads, default={}, metavar='JSON',
                        help='settings by name, for example \'{"finding.malignant_share": 0.3}\'')
    return parser


def main(arguments: list[str] | None = None) -> int:
    options = build_parser().parse_args(arguments)
    columns = (TextColumn('{task.description}'), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns) as progress:
        task = progress.add_task('patients', total=options.cases)
        try:
            make_phantoms(
                options.out, options.cases, options.seed, options.release, options.preset, options.size, options.split,
                options.workers, options.settings, lambda done: progress.update(task, completed=done),
            )
        except ValueError as error:
            progress.stop()
            print(f'make_phantoms: {error}', file=sys.stderr)
            return 1
    print(f'{options.cases} patients in {options.out}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
