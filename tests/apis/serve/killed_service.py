"""The real service in a process that kills itself at a moment that a test names."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from mammo_plugins.apis.serve import receiver, service
from mammo_plugins.apis.serve.job_table import JobTable
from mammo_plugins.apis.serve.settings import ServeSettings

from .fake_predictor import WorkerInside, load_fake

BEFORE, AFTER = 'before it is written', 'after it is on disk'


def run_until_killed(settings: ServeSettings, change: tuple[str, str], moment: str) -> None:
    """Runs a service; SIGKILL comes at a change of state, or at ``('', 'image')``, the entry of an image."""
    service.WorkerProcess = WorkerInside

    class KillingTable(JobTable):
        hit = False

        def move(self, number, after, **changes):
            is_it = (self.job(number).state.value, after.value) == change
            self._come(is_it, lambda: super(KillingTable, self).move(number, after, **changes))

        def _come(self, is_it, act):
            if is_it and moment == BEFORE:
                os.kill(os.getpid(), signal.SIGKILL)
            act()
            self.hit |= is_it

        @contextmanager
        def transaction(self) -> Iterator:
            is_outer = not self._database.in_transaction
            with super().transaction() as database:
                yield database
            if is_outer and self.hit:
                os.kill(os.getpid(), signal.SIGKILL)

    enter = receiver.enter_image

    def enter_or_die(table, image, folder):
        is_it = change == ('', 'image') and len(table.ask('SELECT * FROM images')) == 2
        if is_it and moment == BEFORE:
            os.kill(os.getpid(), signal.SIGKILL)
        enter(table, image, folder)
        if is_it:
            os.kill(os.getpid(), signal.SIGKILL)

    receiver.enter_image = enter_or_die
    service.JobTable = KillingTable
    running = service.Service(settings, load_fake)
    running.start()
    running.wait()
