"""The worker process as the service starts it: a fresh interpreter that ends with the service."""

from __future__ import annotations

import os
import signal
import threading

import psutil
import pytest

from mammo_plugins.apis.serve.worker_process import WorkerError, WorkerProcess
from tests.warm_processes import start_process

from .conftest import make_settings, until
from .fake_predictor import load_fake
from .studies import make_study


def hold_worker(settings, note) -> None:
    """A service's process, as far as the worker goes; killed in the middle of a study."""
    worker = WorkerProcess(settings, load_fake)
    worker.start()
    note.write_text(str(worker._process.pid))
    worker.predict(settings.spool, settings.spool)


def load_nothing(settings):
    raise ValueError('no such weights')


@pytest.fixture
def settings(tmp_path):
    return make_settings(tmp_path, 1)


def test_worker_ends_with_a_service_that_was_killed(settings, tmp_path):
    (tmp_path / 'behaviour').write_text('hang')
    note = tmp_path / 'pid'
    process = start_process(hold_worker, settings, note)
    until(lambda: note.is_file() and note.read_text(), 60)
    pid = int(note.read_text())
    assert psutil.pid_exists(pid)
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    until(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)


def test_crash_and_time_limit_are_told_and_the_next_worker_works(settings, tmp_path):
    worker = WorkerProcess(settings, load_fake)
    folder = tmp_path / 'study'
    make_study(folder)
    try:
        worker.start()
        (tmp_path / 'behaviour').write_text('crash')
        with pytest.raises(WorkerError, match='crashed .exit code 7'):
            worker.predict(folder, tmp_path / 'out')
        assert not worker.is_loaded
        (tmp_path / 'behaviour').write_text('')
        worker.start()
        assert len(worker.predict(folder, tmp_path / 'out').files) == 1
        assert worker.starts == 2
    finally:
        worker.end()


def test_worker_that_is_killed_with_a_request_that_it_did_not_read_is_told(settings, tmp_path):
    worker = WorkerProcess(settings, load_fake)
    try:
        worker.start()
        os.kill(worker._process.pid, signal.SIGSTOP)  # it reads nothing more
        threading.Timer(1.0, os.kill, (worker._process.pid, signal.SIGKILL)).start()
        with pytest.raises(WorkerError, match='crashed .exit code -9'):
            worker.predict(tmp_path, tmp_path / 'out')
    finally:
        worker.end()


def test_model_that_cannot_be_loaded_is_told(settings):
    worker = WorkerProcess(settings, load_nothing)
    with pytest.raises(WorkerError, match='cannot be loaded: ValueError: no such weights'):
        worker.start()
    assert not worker.is_loaded
