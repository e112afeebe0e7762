"""Deliveries: each counts for itself, none comes back once it is confirmed, and none is left lying."""

from __future__ import annotations

import pytest

from mammo_plugins.apis.serve import service as module
from mammo_plugins.apis.serve.states import State

from .conftest import until
from .studies import ONE_VIEW, make_study, send

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
