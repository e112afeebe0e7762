"""What ``mammo serve`` does: check, run until a signal, send dead letters again, verify the log."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

from .deliveries import retry
from .event_log import EventLog, verify_log
from .job_table import JobTable
from .library_messages import hush_libraries
from .model_identity import identify_model
from .service import Service
from .settings import ServeSettings
from .settings_file import read_serve_settings
from .spool import Spool

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def check_service(path: str | Path) -> tuple[ServeSettings, str]:
    """Settings that a service could start with, and the name and digest of its model.

    Raises:
        FileNotFoundError, ValueError: it could not; the message names everything that is wrong in the file.
    """
    settings = read_serve_settings(path)
    model = identify_model(settings.model.name)
    model.request(settings.results)  # a threshold may contradict the model's other one
    return settings, f'{model.name} {model.digest[:12]}'


def run_service(path: str | Path, on_start: Callable[[Service], None] = lambda _: None) -> None:
    """Runs until SIGTERM or SIGINT.

    Args:
        path: of the settings.
        on_start: called once it receives.

    Raises:
        FileNotFoundError, ValueError: see :func:`check_service`.
        OSError: the spool belongs to a running service, or a port is taken.
    """
    settings, _ = check_service(path)
    hush_libraries()
    service = Service(settings)
    before = {number: signal.signal(number, lambda *_: service.ask_to_stop()) for number in _SIGNALS}
    try:
        service.start()
        on_start(service)
        while not service.wait(1.0):
            pass
    finally:
        service.stop()
        for number, handler in before.items():
            signal.signal(number, handler)


def retry_service(path: str | Path) -> dict[str, int]:
    """Requeues dead letters and failed jobs, of a service that runs or does not; gives how many of each."""
    spool = Spool(read_serve_settings(path).spool)
    table = JobTable(spool.table)
    try:
        return retry(table)
    finally:
        table.close()


def verify_service_log(path: str | Path) -> tuple[Path, int]:
    """The log and the number of its lines, of a service that runs or does not.

    Raises:
        ValueError: a line was changed, moved or taken out; the message says where.
    """
    spool = Spool(read_serve_settings(path).spool)
    table = JobTable(spool.table)
    try:
        try:
            spool.lock()  # nobody writes: what a crash left to write is written first
            EventLog(spool.log, table.events_after).write_pending()
            return spool.log, verify_log(spool.log, table.num_events)
        except OSError:
            return spool.log, verify_log(spool.log, 0)
    finally:
        spool.unlock()
        table.close()
