"""SIGKILL at every change of state: the service that is started next ends with exactly one set of results."""

from __future__ import annotations

import socket
from dataclasses import replace

import pytest
from pydicom import dcmread

from mammo_plugins.apis.serve.deliveries import retry
from mammo_plugins.apis.serve.event_log import verify_log
from mammo_plugins.apis.serve.job_table import JobTable
from mammo_plugins.apis.serve.service import Service
from mammo_plugins.apis.serve.spool import Spool
from mammo_plugins.apis.serve.states import State
from tests.warm_processes import start_process

from .conftest import make_settings, until
from .fake_predictor import load_fake
from .killed_service import AFTER, BEFORE, run_until_killed
from .studies import associated, make_study

CHANGES = [
    ('', 'image'),
    ('collecting', 'ready'),
    ('ready', 'predicting'),
    ('predicting', 'written'),
    ('written', 'sending'),
    ('sending', 'confirming'),
    ('confirming', 'done'),
]


pytestmark = pytest.mark.usefixtures('cheap_worker')


def wait_for_port(port):
    def is_open():
        with socket.socket() as one:
            return one.connect_ex(('127.0.0.1', port)) == 0

    until(is_open, 240)  # the first one waits for the warm processes


def send_what_is_taken(port, files):
    """Sends until the other side is gone; gives the files that it answered for."""
    association, taken = associated(port, files), []
    assert association.is_established
    for file in files:
        try:
            if association.send_c_store(dcmread(file)).get('Status') != 0:
                break
        except RuntimeError:  # no association any more
            break
        taken.append(file)
    if association.is_established:
        association.release()
    return taken


def send_to_killed(settings, files, change, moment):
    """What a service took that was killed."""
    process = start_process(run_until_killed, settings, change, moment)
    taken = []
    if files:  # else it may die before it listens: what it finds changes state too
        wait_for_port(settings.receive.port)
        taken = send_what_is_taken(settings.receive.port, files)
    process.join(240)
    assert process.exitcode == -9
    return taken


@pytest.mark.parametrize('moment', [BEFORE, AFTER])
def test_study_whose_service_is_killed_at_every_change_is_delivered_exactly_once(moment, archive, tmp_path):
    settings = make_settings(
        tmp_path,
        archive.port,
        destination={'confirm': 'find'},
        complete={'idle_seconds': 60.0, 'four_views_of': ['FFDM']},
        model={'tries': 10},
    )
    files = make_study(tmp_path / 'study')
    taken = send_to_killed(settings, files, CHANGES[0], moment)
    assert taken == files[:2], 'the third one was being entered'
    taken += send_to_killed(settings, files[2:], CHANGES[1], moment)
    assert taken == files
    for change in CHANGES[2:]:
        send_to_killed(settings, [], change, moment)
    service = Service(settings, load_fake)
    service.start()
    try:
        kept = {uid for (uid,) in service.table.ask('SELECT sop_uid FROM images')}
        assert kept == {file.stem for file in files}, 'what was answered with success is there'
        until(lambda: service.table.count()[State.DONE] == 1)
        assert len(service.table.jobs(*State)) == 1
        (copies,) = archive.received.values()
        assert len(set(copies)) == 1, 'sent again, it is the same byte for byte'
        (evidence,) = archive.objects()[0].CurrentRequestedProcedureEvidenceSequence
        assert sum(len(series.ReferencedSOPSequence) for series in evidence.ReferencedSeriesSequence) == 4
        assert list(service.spool.incoming.iterdir()) == []
        assert [path.name for path in service.spool.job(1).iterdir()] == ['results']
    finally:
        service.stop()
    table = JobTable(service.spool.table)
    assert verify_log(service.spool.log, table.num_events) == table.num_events > 20
    table.close()


def test_crash_in_every_try_ends_in_a_report_that_it_failed(archive, tmp_path):
    """A study that takes the whole machine down is not tried for ever."""
    settings = make_settings(tmp_path, archive.port)
    files = make_study(tmp_path / 'study')
    send_to_killed(settings, files, ('ready', 'predicting'), AFTER)
    send_to_killed(settings, [], ('ready', 'predicting'), AFTER)
    service = Service(settings, load_fake)
    service.start()
    try:
        until(lambda: service.table.count()[State.FAILED] == 1)
    finally:
        service.stop()
    assert len(archive.received) == 1


@pytest.mark.parametrize('moment', [BEFORE, AFTER])
def test_failure_whose_service_is_killed_at_every_change_is_reported_exactly_once(moment, archive, tmp_path):
    settings = make_settings(tmp_path, archive.port, complete={'idle_seconds': 0.3}, model={'tries': 10})
    (tmp_path / 'behaviour').write_text('fail')
    files = make_study(tmp_path / 'study')
    send_to_killed(settings, files, ('predicting', 'ready'), moment)
    for change in (('predicting', 'ready'), ('predicting', 'written'), ('confirming', 'failed')):
        if change[1] == 'written':  # the last try
            settings = replace(settings, model=replace(settings.model, tries=1))
        send_to_killed(settings, [], change, moment)
    await_end(settings, State.FAILED)
    check_delivered_once(archive, reports=1)


@pytest.mark.parametrize('moment', [BEFORE, AFTER])
def test_results_of_a_service_killed_while_the_archive_refuses_or_forgets_them_arrive_once(moment, archive, tmp_path):
    settings = make_settings(
        tmp_path, archive.port, destination={'confirm': 'find'}, delivery={'tries': 2, 'first_wait_seconds': 0.05}
    )
    archive.status = 0xA700
    send_to_killed(settings, make_study(tmp_path / 'study'), ('confirming', 'dead_letter'), moment)
    archive.status, archive.forgets = 0, True
    retry_all(settings)
    settings = replace(settings, delivery=replace(settings.delivery, tries=100))
    send_to_killed(settings, [], ('confirming', 'sending'), moment)
    archive.forgets = False
    await_end(settings, State.DONE)
    check_delivered_once(archive, reports=1)


@pytest.mark.parametrize('moment', [BEFORE, AFTER])
def test_late_image_of_a_study_that_waits_is_in_its_one_report_whenever_the_service_is_killed(
    moment, archive, tmp_path
):
    settings = make_settings(
        tmp_path, archive.port, complete={'idle_seconds': 60.0, 'four_views_of': ['FFDM']}, model={'tries': 10}
    )
    (tmp_path / 'behaviour').write_text('hang')  # the first study keeps the model busy
    first, second = make_study(tmp_path / 'first'), make_study(tmp_path / 'second')
    study = dcmread(second[0], stop_before_pixels=True).StudyInstanceUID
    late = make_study(tmp_path / 'late', [('L', 'CC')], study=study)
    process = start_process(run_until_killed, settings, ('ready', 'collecting'), moment)
    wait_for_port(settings.receive.port)
    assert send_what_is_taken(settings.receive.port, [*first, *second]) == [*first, *second]
    table = JobTable(Spool(settings.spool).table)
    until(lambda: table.count()[State.READY] == table.count()[State.PREDICTING] == 1)
    table.close()
    taken = send_what_is_taken(settings.receive.port, late)
    process.join(60)
    assert process.exitcode == -9
    (tmp_path / 'behaviour').unlink()
    settings = replace(settings, complete=replace(settings.complete, idle_seconds=0.3))
    if late[0] not in taken:  # the modality sends it until it is taken
        service = Service(settings, load_fake)
        service.start()
        try:
            assert send_what_is_taken(settings.receive.port, late) == late
            until(lambda: service.table.count()[State.DONE] >= 2)
        finally:
            service.stop()
    await_end(settings, State.DONE, 2)
    told = {}
    for report in archive.objects():
        (evidence,) = report.CurrentRequestedProcedureEvidenceSequence
        images = sum(len(series.ReferencedSOPSequence) for series in evidence.ReferencedSeriesSequence)
        told.setdefault(report.StudyInstanceUID, []).append(images)
    assert max(told.pop(study)) == 5 and list(told.values()) == [[4]]
    assert all(len(set(copies)) == 1 for copies in archive.received.values())


def await_end(settings, state, jobs=1):
    """Runs a service until so many jobs are in a state, and checks its log."""
    service = Service(settings, load_fake)
    service.start()
    try:
        until(lambda: service.table.count()[state] >= jobs)
    finally:
        service.stop()
    table = JobTable(service.spool.table)
    assert verify_log(service.spool.log, table.num_events) == table.num_events
    table.close()


def retry_all(settings):
    """What ``mammo serve --retry`` does, on whatever the kill left."""
    table = JobTable(Spool(settings.spool).table)
    retry(table)
    table.close()


def check_delivered_once(archive, reports):
    assert len(archive.received) == reports
    assert all(len(set(copies)) == 1 for copies in archive.received.values()), (
        'sent again, it is the same byte for byte'
    )
