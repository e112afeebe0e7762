"""Disks that are full and other errors around the model and the archive: the service goes on, and nothing is lost."""

from __future__ import annotations

import sqlite3

import pytest

from mammo_plugins.apis.serve import predicting, service
from mammo_plugins.apis.serve.job_table import JobTable
from mammo_plugins.apis.serve.spool import Spool
from mammo_plugins.apis.serve.states import State

from .conftest import until
from .studies import make_study, send

pytestmark = pytest.mark.usefixtures('cheap_worker')


class FailsAtFirst:
    """Stands for a function of a class or module; its first calls raise.

    Attributes:
        errors: that are still to be raised.
    """

    def __init__(self, monkeypatch, owner, name, *errors, when=lambda *_: True):
        self.errors, real = list(errors), getattr(owner, name)

        def fail_or_do(*args, **options):
            if self.errors and when(*args):
                raise self.errors.pop(0)
            return real(*args, **options)

        monkeypatch.setattr(owner, name, fail_or_do)


def full_disk():
    return OSError(28, 'No space left on device')


@pytest.fixture(autouse=True)
def short_pause(monkeypatch):
    monkeypatch.setattr(service, '_PAUSE_SECONDS', 0.1)
    monkeypatch.setattr(predicting.PredictionLoop.__init__, '__defaults__', (lambda: True, lambda _: None, 0.1))


@pytest.mark.parametrize(
    ('owner', 'name', 'error'),
    [
        (Spool, 'begin_try', full_disk()),
        (predicting, 'move_whole', full_disk()),
        (predicting, 'dcmread', AttributeError('SOPClassUID')),
        (predicting, 'enter_results', sqlite3.OperationalError('database or disk is full')),
    ],
)
def test_error_around_the_model_is_one_failed_try(owner, name, error, start_service, archive, tmp_path, monkeypatch):
    fault = FailsAtFirst(monkeypatch, owner, name, error)
    service = start_service()
    send(service.settings.receive.port, make_study(tmp_path / 'study'))
    until(lambda: service.table.count()[State.DONE] == 1, 20)
    assert not fault.errors
    assert service.table.job(1).tries == 2
    assert len(archive.received) == 1


def test_job_is_tried_again_where_even_its_failed_try_could_not_be_noted(start_service, archive, tmp_path, monkeypatch):
    FailsAtFirst(monkeypatch, Spool, 'begin_try', full_disk())
    FailsAtFirst(
        monkeypatch,
        JobTable,
        'move',
        sqlite3.OperationalError('database or disk is full'),
        when=lambda table, number, after: table.job(number).state is State.PREDICTING and after is State.READY,
    )
    service = start_service()
    send(service.settings.receive.port, make_study(tmp_path / 'study'))
    until(lambda: service.table.count()[State.DONE] == 1, 20)
    assert len(archive.received) == 1


@pytest.mark.parametrize('error', [full_disk(), sqlite3.OperationalError('database or disk is full')])
def test_report_of_a_failure_waits_for_the_disk(error, start_service, archive, tmp_path, monkeypatch):
    (tmp_path / 'behaviour').write_text('fail')
    FailsAtFirst(monkeypatch, predicting, 'move_whole' if isinstance(error, OSError) else 'enter_results', error)
    service = start_service(model={'tries': 1})
    send(service.settings.receive.port, make_study(tmp_path / 'study'))
    until(lambda: service.table.count()[State.FAILED] == 1, 20)
    assert len(archive.received) == 1


def test_failure_that_cannot_even_be_reported_ends_its_job(start_service, archive, tmp_path, monkeypatch):
    (tmp_path / 'behaviour').write_text('fail')
    FailsAtFirst(monkeypatch, predicting, 'write_failed_study', AttributeError('no such element'))
    service = start_service(model={'tries': 1})
    send(service.settings.receive.port, make_study(tmp_path / 'study'))
    until(lambda: service.table.count()[State.FAILED] == 1, 20)
    assert not archive.received
    (tmp_path / 'behaviour').unlink()
    send(service.settings.receive.port, make_study(tmp_path / 'another'))
    until(lambda: service.table.count()[State.DONE] == 1, 20)
