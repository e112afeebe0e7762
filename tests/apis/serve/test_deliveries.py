"""Deliveries: each counts for itself, none comes back once it is confirmed, and none is left lying."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mammo_plugins.apis.serve import service as module
from mammo_plugins.apis.serve.deliveries import retry
from mammo_plugins.apis.serve.job_table import JobTable
from mammo_plugins.apis.serve.states import State

from .conftest import until
from .studies import ONE_VIEW, make_study, send
from .web_archive import WebArchive

pytestmark = pytest.mark.usefixtures('cheap_worker')


@pytest.fixture(autouse=True)
def short_pause(monkeypatch):
    monkeypatch.setattr(module, '_PAUSE_SECONDS', 0.1)


def done(service, number=1):
    return lambda: service.table.count()[State.DONE] >= number


def test_report_of_a_commitment_that_is_quicker_than_its_answer_ends_the_delivery(start_service, archive, tmp_path):
    """The archive reports on an association of its own, and its answer to the request is lost or bad."""
    archive.commitment_status = 0x0110
    service = start_service(destination={'confirm': 'commitment'})
    for number, name in enumerate(('one', 'two'), start=1):
        send(service.settings.receive.port, make_study(tmp_path / name, ONE_VIEW))
        until(done(service, number), 20)
    assert [len(copies) for copies in archive.received.values()] == [1, 1]
    assert service.table.ask('SELECT DISTINCT state, tries FROM deliveries') == [('confirmed', 0)]
    assert service.unhealthy() == []


def test_result_that_is_missing_counts_alone_and_holds_up_no_other(start_service, archive, tmp_path):
    archive.stop()
    service = start_service(delivery={'tries': 100})
    send(service.settings.receive.port, make_study(tmp_path / 'one', ONE_VIEW))
    until(lambda: service.table.count()[State.SENDING] == 1, 20)
    for path in service.spool.results(1).iterdir():
        path.unlink()
    archive.start()
    send(service.settings.receive.port, make_study(tmp_path / 'two', ONE_VIEW))
    until(done(service), 20)
    assert service.table.job(2).state is State.DONE
    ((reason,),) = service.table.ask('SELECT reason FROM deliveries WHERE job = 1')
    assert reason == 'pending: FileNotFoundError'
    assert service.unhealthy() == []


def test_destination_whose_name_is_unknown_ends_in_a_dead_letter(start_service, tmp_path):
    service = start_service(destination={'address': 'no-such-host.invalid'}, delivery={'tries': 2})
    send(service.settings.receive.port, make_study(tmp_path / 'one', ONE_VIEW))
    until(lambda: service.table.count()[State.DEAD_LETTER] == 1, 20)
    assert service.table.ask('SELECT reason FROM deliveries') == [('pending: cannot be reached (gaierror)',)]


def test_token_that_is_missing_ends_in_a_dead_letter(start_service, tmp_path):
    (tmp_path / 'token').write_text('Bearer abc')
    web = {'kind': 'stow', 'url': 'http://127.0.0.1:9', 'authorization': str(tmp_path / 'token')}
    service = start_service(destination=web, delivery={'tries': 2})
    (tmp_path / 'token').unlink()
    send(service.settings.receive.port, make_study(tmp_path / 'one', ONE_VIEW))
    until(lambda: service.table.count()[State.DEAD_LETTER] == 1, 20)
    assert service.table.ask('SELECT reason FROM deliveries') == [('pending: FileNotFoundError',)]


def test_report_that_takes_longer_than_the_wait_for_it_counts(start_service, archive, tmp_path):
    archive.report_after = 3.5
    service = start_service(destination={'confirm': 'commitment', 'commitment_seconds': 1})
    send(service.settings.receive.port, make_study(tmp_path / 'one', ONE_VIEW))
    until(done(service), 20)
    asked = [event for event in service.table.events_after(0) if event.content['event'] == 'commitment asked']
    assert len(asked) >= 2
    (copies,) = archive.received.values()
    assert len(copies) == 1


def test_commitment_that_is_never_reported_ends_in_a_dead_letter(start_service, archive, tmp_path):
    archive.report_after = None
    service = start_service(destination={'confirm': 'commitment', 'commitment_seconds': 1}, delivery={'tries': 2})
    send(service.settings.receive.port, make_study(tmp_path / 'one', ONE_VIEW))
    until(lambda: service.table.count()[State.DEAD_LETTER] == 1, 20)
    assert service.table.ask('SELECT reason FROM deliveries') == [('sent: no report of the commitment came',)]
    (copies,) = archive.received.values()
    assert len(copies) == 1


def test_results_that_were_sent_are_done_where_the_settings_ask_for_no_confirmation_any_more(
    start_service, archive, tmp_path
):
    archive.forgets = True
    service = start_service(destination={'confirm': 'find'}, delivery={'first_wait_seconds': 60, 'tries': 100})
    send(service.settings.receive.port, make_study(tmp_path / 'one', ONE_VIEW))
    until(lambda: archive.received, 20)
    service.stop()
    table = JobTable(service.spool.table)
    table.ask("UPDATE deliveries SET state = 'sent', not_before = 0")  # wherever the end of the service found it
    table.ask("UPDATE jobs SET state = 'confirming'")
    table.close()
    (destination,) = service.settings.destinations
    service = start_service(replace(service.settings, destinations=(replace(destination, confirm='none'),)))
    until(done(service), 20)
    assert service.unhealthy() == []


def test_deliveries_to_a_destination_that_the_settings_have_no_more_are_dead_letters(
    start_service, archive, tmp_path, caplog
):
    archive.stop()
    service = start_service()
    send(service.settings.receive.port, make_study(tmp_path / 'one', ONE_VIEW))
    until(lambda: service.table.count()[State.SENDING] == 1, 20)
    service.stop()
    archive.start()
    (destination,) = service.settings.destinations
    renamed = replace(service.settings, destinations=(replace(destination, name='new'),))
    service = start_service(renamed)
    assert service.table.count()[State.DEAD_LETTER] == 1
    assert '1 deliveries are to destinations' in caplog.text
    service.stop()
    service = start_service(replace(renamed, destinations=(destination,)))
    assert retry(service.table) == {'dead letters': 1, 'failed': 0}
    until(done(service), 20)
    assert len(archive.received) == 1


_FAILED = {'00081198': {'vr': 'SQ', 'Value': [{'00081197': {'vr': 'US', 'Value': [0x0110]}}]}}
_WARNED = {'00081199': {'vr': 'SQ', 'Value': [{'00081196': {'vr': 'US', 'Value': [0xB000]}}]}}


@pytest.mark.parametrize(
    ('answer', 'end'),
    [
        ((200, {}), State.DONE),
        ((200, None), State.DONE),
        ((200, _FAILED), State.DEAD_LETTER),
        ((202, _WARNED), State.DONE),
        ((202, _WARNED | _FAILED), State.DEAD_LETTER),
        ((202, None), State.DEAD_LETTER),
        ((409, _FAILED), State.DEAD_LETTER),
    ],
)
def test_dicomweb_server_took_results_unless_it_names_failures(answer, end, start_service, tmp_path):
    with WebArchive() as archive:
        archive.answer = answer
        web = {'kind': 'stow', 'url': f'http://127.0.0.1:{archive.port}'}
        service = start_service(destination=web, delivery={'tries': 1})
        send(service.settings.receive.port, make_study(tmp_path / 'one', ONE_VIEW))
        until(lambda: service.table.count()[end] == 1, 20)
