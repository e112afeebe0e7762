"""``mammo serve CONFIG.toml``: images from an archive in, results out, all day long."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence

from .expected_errors import in_a_sentence

MAY_PASS = 3
"""Exit code of what may work when it is tried again."""

_INSTALL = 'pip install "mammo-plugins[serve]"'


@in_a_sentence
def main(argv: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Parses the command line and runs.

    Returns:
        0; 2 where the settings are wrong or the log is not as it was written; 3 where the service could not run with
        settings that are right, which may pass: the spool is in use, a port is taken, the disk is full.
    """
    args = _build_parser(prog).parse_args(argv)
    if args.example:
        from mammo_plugins.apis.serve.example import EXAMPLE

        print(EXAMPLE, end='')
        return 0
    if args.config is None:
        raise ValueError(
            'name the settings: mammo serve CONFIG.toml; "mammo serve --example" prints some to begin with'
        )
    api = _import_service()
    if args.check:
        settings, model = api.check_service(args.config)
        names = ', '.join(destination.name for destination in settings.destinations)
        receive = settings.receive
        print(f'settings are complete: {receive.title} at port {receive.port}, model {model}, to {names}')
    elif args.retry:
        counts = api.retry_service(args.config)
        print(f'{counts["dead letters"]} dead letters and {counts["failed"]} failed studies are tried again')
    elif args.verify_log:
        log, lines = api.verify_service_log(args.config)
        print(f'{log}: {lines} lines, the chain is whole')
    else:
        logging.basicConfig(format='%(asctime)s %(levelname)s %(message)s', level=logging.INFO)
        api.check_service(args.config)
        try:
            api.run_service(args.config, lambda service: _say_start(service))
        except OSError as error:
            print(f'error: {error}', file=sys.stderr)
            return MAY_PASS
    return 0


def _say_start(service: object) -> None:
    settings = service.settings  # type: ignore[attr-defined]
    receive = settings.receive
    print(
        f'{receive.title} receives at {receive.address}:{receive.port}; http://{settings.web.address}:{settings.web.port}'
        '/readyz tells when the model is loaded',
        flush=True,
    )


def _import_service():
    """The service, or what to install for it."""
    try:
        from mammo_plugins.apis.serve import running
    except ModuleNotFoundError as error:
        if error.name in ('pynetdicom', 'prometheus_client', 'tomli'):
            raise ModuleNotFoundError(f'mammo serve needs {error.name}: {_INSTALL}') from error
        raise
    return running


def _build_parser(prog: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=prog,
        description='Receive images by DICOM, predict every study that is complete, deliver results; until SIGTERM.',
    )
    parser.add_argument('config', nargs='?', metavar='CONFIG.toml', help='settings; --example prints some')
    what = parser.add_mutually_exclusive_group()
    what.add_argument('--check', action='store_true', help='check the settings, and do nothing else')
    what.add_argument('--example', action='store_true', help='print settings with what each means')
    what.add_argument('--retry', action='store_true', help='send dead letters again, predict again what failed')
    what.add_argument('--verify-log', action='store_true', help='check the chain of the log of events')
    return parser
