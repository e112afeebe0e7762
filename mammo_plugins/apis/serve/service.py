"""The service: receiver, model, deliveries and housekeeping, each in a thread of its own around one job table."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread

from .completeness import fix_complete_studies
from .deliveries import begin_deliveries, give_up_unknown
from .delivering import DeliveryLoop
from .event_log import EventLog
from .job_table import JobTable
from .metrics import Metrics
from .model_identity import identify_model
from .predicting import PredictionLoop
from .receiver import Receiver
from .retention import delete_left_jobs, delete_old_studies
from .settings import ServeSettings
from .spool import Spool
from .web_status import WebStatus
from .worker import MakePredictor, load_predictor
from .worker_process import WorkerProcess

_LOGGER = logging.getLogger(__name__)
_LOOK_SECONDS = 0.1
_HOUSEKEEPING_SECONDS = 60.0
_OLD_HALF_SECONDS = 3600.0
_PAUSE_SECONDS = 5.0  # after an error of a thread, such as a disk that is full
_MOST_ERRORS = 10  # of a thread, one after another, before the service calls itself unhealthy
_GIGABYTE = 1e9


class Service:
    """Runs until it is stopped.

    Args:
        settings: everything a site decides.
        make_predictor: a function of a module that loads what predicts, called in the worker process.
        clock: seconds since 1970.
        free_bytes: free space of a folder's file system.

    Raises:
        OSError: the spool belongs to a running service, or a port is taken.
        FileNotFoundError, ValueError: there is no such model.
    """

    def __init__(
        self,
        settings: ServeSettings,
        make_predictor: MakePredictor = load_predictor,
        clock: Callable[[], float] = time.time,
        free_bytes: Callable[[Path], int] | None = None,
    ) -> None:
        identify_model(settings.model.name)
        self.settings = settings
        self.spool = Spool(settings.spool, free_bytes)
        self.spool.lock()
        self.table = JobTable(self.spool.table, clock)
        self._log = EventLog(self.spool.log, self.table.events_after)
        self._stopping, self._ended = Event(), Event()
        self._threads: list[Thread] = []
        self._errors: dict[str, int] = {}
        self._grace_until = float('inf')
        self._tidied = float('-inf')
        self.worker = WorkerProcess(settings, make_predictor, self._may_work)
        self.metrics = Metrics(self.table, self.spool, lambda: self.worker.starts, lambda: self.worker.digest)
        self.receiver = Receiver(
            settings.receive, self.spool, self.table, lambda word: self.metrics.objects.labels(word).inc()
        )
        self._predictions = PredictionLoop(
            settings,
            self.spool,
            self.table,
            self.worker,
            lambda: not self._stopping.is_set(),
            self.metrics.prediction_seconds.observe,
        )
        self._web = WebStatus(settings.web, self.unhealthy, self.not_ready, self.metrics.text)

    def start(self) -> None:
        """Goes on where an earlier service ended, and begins to receive."""
        known = {file for (file,) in self.table.ask('SELECT file FROM images')}
        removed = self.spool.clean(known) + delete_left_jobs(self.table, self.spool)
        recovered = self.table.recover()
        self.table.note('service started', recovered=list(recovered), removed=removed)
        self._give_up_unknown()
        self._log.write_pending()
        self.receiver.start()
        self._web.start()
        steps: dict[str, Callable[[], object]] = {'keeper': self._keep, 'predictions': self._predictions.run_once}
        for destination in self.settings.destinations:
            loop = DeliveryLoop(
                self.settings, self.spool, self.table, destination, self._count_deliveries(destination.name)
            )
            steps[f'delivery to {destination.name}'] = lambda loop=loop: loop.run_once(
                lambda: not self._stopping.is_set()
            )
        for name, step in steps.items():
            self._errors[name] = 0
            thread = Thread(target=self._repeat, args=(name, step), name=name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """Receives nothing more, lets the running study end or be done anew later, and gives everything back."""
        if self._ended.is_set():
            return
        self._grace_until = time.monotonic() + self.settings.model.stop_grace_seconds
        self._stopping.set()
        self.receiver.stop()
        for thread in self._threads:
            thread.join()
        self.worker.end()
        self._web.stop()
        self.table.note('service stopped')
        self._log.write_pending()
        self.table.close()
        self.spool.unlock()
        self._ended.set()

    def wait(self, seconds: float | None = None) -> bool:
        """Waits until somebody asks it to stop, see :meth:`ask_to_stop`; whether somebody did."""
        return self._stopping.wait(seconds)

    def ask_to_stop(self) -> None:
        """Ends :meth:`wait`; safe in a signal handler."""
        self._grace_until = time.monotonic() + self.settings.model.stop_grace_seconds
        self._stopping.set()

    def unhealthy(self) -> list[str]:
        """What is wrong with the service itself."""
        problems = [f'{thread.name} ended' for thread in self._threads if not thread.is_alive()]
        return problems + [f'{name} fails' for name, count in self._errors.items() if count >= _MOST_ERRORS]

    def not_ready(self) -> list[str]:
        """Why it should be sent nothing now."""
        problems = self.unhealthy()
        if not self.receiver.is_listening or self._stopping.is_set():
            problems.append('not receiving')
        if not self.worker.is_loaded:
            problems.append('no model is loaded')
        if self.spool.free_bytes() < self.settings.receive.minimum_free_gb * _GIGABYTE:
            problems.append('less free space than minimum_free_gb')
        return problems

    def _may_work(self) -> bool:
        """Whether a running study may go on: always, but after a grace once the service is to stop."""
        return not self._stopping.is_set() or time.monotonic() < self._grace_until

    def _repeat(self, name: str, step: Callable[[], object]) -> None:
        """Runs a step again and again; an error is told and does not end it."""
        while not self._stopping.is_set():
            try:
                step()
                self._errors[name] = 0
                self._stopping.wait(_LOOK_SECONDS)
            except Exception:  # counted, told by /healthz and tried again: a service that ends loses more
                self._errors[name] += 1
                _LOGGER.exception('%s failed', name)
                self._stopping.wait(_PAUSE_SECONDS)

    def _keep(self) -> None:
        """What is due by the clock, and the log."""
        now = time.monotonic()
        if now - self._tidied >= _HOUSEKEEPING_SECONDS:  # before anything that a full disk ends
            self._tidied = now
            delete_old_studies(self.table, self.spool, self.settings.retention)
            self.spool.drop_halves(_OLD_HALF_SECONDS)
            self._give_up_unknown()
        fix_complete_studies(self.table, self.settings.complete)
        begin_deliveries(self.table, [destination.name for destination in self.settings.destinations])
        self._log.write_pending()

    def _give_up_unknown(self) -> None:
        """Deliveries to where the settings lead no more; somebody may have asked for them again."""
        count = give_up_unknown(self.table, [destination.name for destination in self.settings.destinations])
        if count:
            _LOGGER.error('%d deliveries are to destinations that the settings have no more: dead letters', count)

    def _count_deliveries(self, destination: str) -> Callable[[str], None]:
        return lambda word: self.metrics.deliveries.labels(destination, word).inc()
