"""``mammo audit ANN.json [--html OUT.html] [--json OUT.json]``: what is wrong or odd in a data set."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence

from rich.console import Console

from mammo_plugins.apis.audit.auditing import (
    DatasetAudit,
    audit_dataset,
    coverage_sentences,
    write_audit_json,
    write_audit_page,
)
from mammo_plugins.datasets.audit import CHECKS, AuditThresholds, threshold_meanings

_SHOWN = 3  # findings of a check


def main(argv: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Parses the command line and audits.

    Returns:
        0; 1 where something as bad as ``--fail-on`` was found; 2 where nothing can be audited.
    """
    args = _build_parser(prog).parse_args(argv)
    try:
        limits = AuditThresholds(**{name: getattr(args, name) for name in threshold_meanings()})
        audit = audit_dataset(
            args.ann,
            thresholds=limits,
            read_pixels=not args.no_pixels,
            sample=args.sample,
            seed=args.seed,
            workers=args.workers,
            show_progress=not args.no_progress,
        )
        written = [write_audit_page(audit, args.html, pictures=args.pictures)] if args.html else []
        written += [write_audit_json(audit, args.json)] if args.json else []
    except (ValueError, OSError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    _print_summary(audit)
    for path in written:
        print(path.resolve())
    return int(args.fail_on != 'never' and audit.has_failed(args.fail_on))


def _build_parser(prog: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=prog,
        description='Check the records, headers and pixels of a data set.',
        epilog='exit code: 0, 1 where something as bad as --fail-on was found, 2 where nothing can be audited',
    )
    parser.add_argument('ann', metavar='ANN.json', help='annotation file')
    parser.add_argument('--html', metavar='OUT.html', help='write a page with findings, tables and a contact sheet')
    parser.add_argument('--json', metavar='OUT.json', help='write everything that was found')
    parser.add_argument(
        '--fail-on', choices=('error', 'warning', 'never'), default='error', help='(default: %(default)s)'
    )
    parser.add_argument('--sample', type=int, metavar='N', help='decode the pixels of N random images only')
    parser.add_argument('--seed', type=int, default=0, help='of the sample (default: %(default)s)')
    parser.add_argument('--no-pixels', action='store_true', help='look at records and headers only')
    parser.add_argument(
        '--pictures', type=int, default=48, metavar='N', help='images on the contact sheet (default: %(default)s)'
    )
    parser.add_argument(
        '--workers', type=int, metavar='N', help='processes (default: one a processor; 0: none beside this one)'
    )
    parser.add_argument('--no-progress', action='store_true', help='no progress bar')
    limits = parser.add_argument_group('thresholds')
    for name, (default, meaning) in threshold_meanings().items():
        limits.add_argument(
            f'--{name.replace("_", "-")}',
            type=float,
            default=default,
            metavar='X',
            help=f'{meaning} (default: {default:g})',
        )
    return parser


def _print_summary(audit: DatasetAudit) -> None:
    """Counts, and the first findings of each check that are more than notes."""
    console = Console(highlight=False, markup=False, soft_wrap=True)
    for sentence in coverage_sentences(audit):
        console.print(sentence)
    shown: Counter[tuple[str, str]] = Counter()
    for finding in audit.findings:
        kind = (finding.severity, finding.check)
        shown[kind] += 1
        if finding.severity != 'note' and shown[kind] <= _SHOWN:
            console.print(f'{finding.severity}: {finding.check}: {finding.where}: {finding.reason}')
    for (severity, check), count in shown.items():
        if severity != 'note' and count > _SHOWN:
            console.print(f'{severity}: {check}: {count - _SHOWN} more')
    for (severity, check), count in shown.items():
        if severity == 'note':
            console.print(f'note: {CHECKS[check].title}: {count}')
    console.print(', '.join(f'{count} {severity}{"s" * (count != 1)}' for severity, count in audit.counts.items()))
