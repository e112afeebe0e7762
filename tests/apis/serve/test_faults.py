"""Disks that are full and other errors around the model and the archive: the service goes on, and nothing is lost."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from threading import Thread
from types import SimpleNamespace

import pytest

from mammo_plugins.apis.serve import predicting, receiver, retention
from mammo_plugins.apis.serve import service as module
from mammo_plugins.apis.serve.event_log import EventLog
from mammo_plugins.apis.serve.job_table import JobTable
from mammo_plugins.apis.serve.settings import Retention
from mammo_plugins.apis.serve.spool import Spool
from mammo_plugins.apis.serve.states import State

from .conftest import until
from .studies import ONE_VIEW, make_study, send

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
    monkeypatch.setattr(module, '_PAUSE_SECONDS', 0.1)
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
    send(service.settings.receive.port, make_study(tmp_path / 'study', ONE_VIEW))
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
    send(service.settings.receive.port, make_study(tmp_path / 'study', ONE_VIEW))
    until(lambda: service.table.count()[State.DONE] == 1, 20)
    assert len(archive.received) == 1


@pytest.mark.parametrize('error', [full_disk(), sqlite3.OperationalError('database or disk is full')])
def test_report_of_a_failure_waits_for_the_disk(error, start_service, archive, tmp_path, monkeypatch):
    (tmp_path / 'behaviour').write_text('fail')
    FailsAtFirst(monkeypatch, predicting, 'move_whole' if isinstance(error, OSError) else 'enter_results', error)
    service = start_service(model={'tries': 1})
    send(service.settings.receive.port, make_study(tmp_path / 'study', ONE_VIEW))
    until(lambda: service.table.count()[State.FAILED] == 1, 20)
    assert len(archive.received) == 1


def test_failure_is_reported_by_a_cad_sr_whatever_kinds_are_asked_for(start_service, archive, tmp_path):
    pytest.importorskip('highdicom', reason='highdicom is not installed: pip install "mammo-plugins[dicom-out]"')
    (tmp_path / 'behaviour').write_text('fail')
    service = start_service(model={'tries': 1}, results={'kinds': ['gsps']})
    send(service.settings.receive.port, make_study(tmp_path / 'study', ONE_VIEW))
    until(lambda: service.table.count()[State.FAILED] == 1, 20)
    assert [report.SOPClassUID for report in archive.objects()] == ['1.2.840.10008.5.1.4.1.1.88.50']


def test_failure_that_cannot_even_be_reported_ends_its_job(start_service, archive, tmp_path, monkeypatch):
    (tmp_path / 'behaviour').write_text('fail')
    FailsAtFirst(monkeypatch, predicting, 'write_failed_study', AttributeError('no such element'))
    service = start_service(model={'tries': 1})
    send(service.settings.receive.port, make_study(tmp_path / 'study', ONE_VIEW))
    until(lambda: service.table.count()[State.FAILED] == 1, 20)
    assert not archive.received
    (tmp_path / 'behaviour').unlink()
    send(service.settings.receive.port, make_study(tmp_path / 'another', ONE_VIEW))
    until(lambda: service.table.count()[State.DONE] == 1, 20)


def test_image_that_comes_while_its_study_is_deleted_is_kept_and_predicted(
    start_service, archive, tmp_path, monkeypatch
):
    """Between the commit of the deletion and the removal of its files."""
    files = make_study(tmp_path / 'study', [('L', 'CC'), ('L', 'MLO')])
    real, statuses = retention.shutil.rmtree, []

    def send_first(folder, **options):
        if not statuses:
            statuses.extend(send(service.settings.receive.port, files[1:]))
        real(folder, **options)

    monkeypatch.setattr(retention, 'shutil', SimpleNamespace(rmtree=send_first))
    monkeypatch.setattr(module, '_HOUSEKEEPING_SECONDS', 0.0)
    service = start_service(retention={'days': 0})
    send(service.settings.receive.port, files[:1])
    until(lambda: service.table.count()[State.DONE] == 2, 20)
    assert statuses == [0]
    assert len(archive.received) == 2


def test_image_that_is_moved_and_not_yet_entered_is_not_deleted_with_its_study(
    start_service, archive, tmp_path, monkeypatch
):
    service = start_service()
    files = make_study(tmp_path / 'study', [('L', 'CC'), ('L', 'MLO')])
    send(service.settings.receive.port, files[:1])
    until(lambda: service.table.count()[State.DONE] == 1, 20)
    real = receiver.enter_image
    deleting = Thread(target=retention.delete_old_studies, args=(service.table, service.spool, Retention(days=0)))

    def delete_then_enter(*args):
        deleting.start()
        deleting.join(0.5)
        real(*args)

    monkeypatch.setattr(receiver, 'enter_image', delete_then_enter)
    assert send(service.settings.receive.port, files[1:]) == [0]
    deleting.join()
    kept = {str(path.relative_to(service.spool.images)) for path in service.spool.images.rglob('*.dcm')}
    assert kept == {file for (file,) in service.table.ask('SELECT file FROM images')}
    until(lambda: service.table.count()[State.DONE] == 2, 20)


def test_disk_that_is_too_full_for_the_log_is_freed_all_the_same(start_service, archive, tmp_path, monkeypatch):
    service = start_service()
    send(service.settings.receive.port, make_study(tmp_path / 'study', ONE_VIEW))
    until(lambda: service.table.count()[State.DONE] == 1, 20)
    service.stop()
    real = EventLog.write_pending
    monkeypatch.setattr(module, '_HOUSEKEEPING_SECONDS', 0.0)

    def write_while_empty(log):
        if any(again.spool.images.rglob('*.dcm')):
            raise full_disk()
        return real(log)

    again = start_service(replace(service.settings, retention=Retention(days=1000)))
    monkeypatch.setattr(EventLog, 'write_pending', write_while_empty)
    again.settings = replace(again.settings, retention=Retention(days=0))
    until(lambda: not any(again.spool.images.rglob('*.dcm')), 20)
    until(lambda: '"study deleted"' in again.spool.log.read_text(), 20)


def test_results_of_a_study_whose_deletion_was_cut_short_leave_at_the_next_start(
    start_service, archive, tmp_path, monkeypatch
):
    service = start_service()
    send(service.settings.receive.port, make_study(tmp_path / 'study', ONE_VIEW))
    until(lambda: service.table.count()[State.DONE] == 1, 20)
    with monkeypatch.context() as patch:
        patch.setattr(retention, 'shutil', SimpleNamespace(rmtree=lambda *_, **__: None))
        assert retention.delete_old_studies(service.table, service.spool, Retention(days=0)) == 1
    assert any(service.spool.results(1).iterdir())
    service.stop()
    start_service(service.settings)
    assert not service.spool.job(1).exists()
    assert not any(service.spool.root.rglob('*.dcm'))


def test_spool_that_was_made_for_all_to_read_is_closed_to_others(start_service, tmp_path):
    (tmp_path / 'spool').mkdir(mode=0o755)
    service = start_service()
    assert service.spool.root.stat().st_mode & 0o777 == 0o700
