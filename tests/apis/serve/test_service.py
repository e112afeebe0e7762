"""Images in by DICOM, results out: the whole service with a cheap predictor."""

from __future__ import annotations

import json
import shutil
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from pydicom import dcmread

from mammo_plugins.apis.serve.states import State
from tests.dicom_archive.data_set import data_set_bytes
from tests.dicom_archive.private_network import free_port

from .archive_node import ArchiveNode
from .conftest import until
from .studies import make_study, send


def done(service, number=1):
    return lambda: service.table.count()[State.DONE] >= number


def fetch(service, page):
    try:
        with urllib.request.urlopen(f'http://127.0.0.1:{service.settings.web.port}{page}', timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


@pytest.mark.usefixtures('cheap_worker')
def test_study_becomes_one_report_at_the_destination(start_service, archive, tmp_path):
    service = start_service()
    files = make_study(tmp_path / 'study')
    assert send(service.settings.receive.port, files) == [0] * 4
    until(done(service))
    (report,) = archive.objects()
    assert report.SOPClassUID == '1.2.840.10008.5.1.4.1.1.88.50'
    (evidence,) = report.CurrentRequestedProcedureEvidenceSequence
    told = [item for series in evidence.ReferencedSeriesSequence for item in series.ReferencedSOPSequence]
    assert {item.ReferencedSOPInstanceUID for item in told} == {file.stem for file in files}
    (file,) = (service.spool.jobs).rglob('*.dcm')
    ((sent,),) = archive.received.values()
    assert data_set_bytes(sent) == data_set_bytes(file.read_bytes())


@pytest.mark.usefixtures('cheap_worker')
def test_late_image_gives_a_second_report_with_other_uids_about_all_images(start_service, archive, tmp_path):
    service = start_service()
    files = make_study(tmp_path / 'study')
    port = service.settings.receive.port
    send(port, files[:3])
    until(done(service))
    send(port, files[3:])
    until(done(service, 2))
    first, second = sorted(archive.objects(), key=lambda report: len(_evidence(report)))
    assert first.SOPInstanceUID != second.SOPInstanceUID
    assert first.SeriesInstanceUID != second.SeriesInstanceUID
    assert first.StudyInstanceUID == second.StudyInstanceUID
    assert [len(_evidence(report)) for report in (first, second)] == [3, 4]
    send(port, files)  # the same again changes nothing
    assert len(service.table.jobs(*State)) == 2


def _evidence(report):
    (study,) = report.CurrentRequestedProcedureEvidenceSequence
    return [item for series in study.ReferencedSeriesSequence for item in series.ReferencedSOPSequence]


@pytest.mark.parametrize('behaviour', ['fail', 'crash', 'hang'])
def test_study_that_cannot_be_predicted_gives_a_report_that_says_so(
    behaviour, start_service, archive, tmp_path, request, caplog
):
    if behaviour == 'fail':
        request.getfixturevalue('cheap_worker')
    (tmp_path / 'behaviour').write_text(behaviour)
    limit = {'time_limit_seconds': 8.0, 'tries': 1} if behaviour == 'hang' else {}
    service = start_service(model=limit)
    service._predictions._retry_seconds = 0.1
    send(service.settings.receive.port, make_study(tmp_path / 'study'))
    until(lambda: service.table.count()[State.FAILED] == 1)
    (report,) = archive.objects()
    summary = next(item for item in report.ContentSequence if item.ConceptNameCodeSequence[0].CodeValue == '111017')
    assert summary.ConceptCodeSequence[0].CodeValue == '111245'  # all algorithms failed
    (job,) = service.table.jobs(State.FAILED)
    words = {'fail': 'made to fail', 'crash': 'crashed (exit code 7)', 'hang': 'took longer than 8 s'}
    assert words[behaviour] in job.reason
    assert 'job 1, try 1: ' in caplog.text and 'made to fail' not in caplog.text, 'errors may name a patient'
    assert job.tries == service.settings.model.tries
    # Asked for again after the repair, the same images give a report of its own.
    if behaviour == 'crash':
        from mammo_plugins.apis.serve.deliveries import retry

        (tmp_path / 'behaviour').write_text('')
        assert retry(service.table) == {'dead letters': 0, 'failed': 1}
        until(done(service))
        assert len(archive.received) == 2


@pytest.mark.usefixtures('cheap_worker')
def test_destination_that_is_down_gets_everything_later_and_another_one_at_once(start_service, archive, tmp_path):
    archive.stop()
    other = ArchiveNode(free_port()).start()
    second = {'name': 'second', 'title': other.title, 'address': '127.0.0.1', 'port': other.port}
    service = start_service(others=[second])
    send(service.settings.receive.port, make_study(tmp_path / 'one'))
    send(service.settings.receive.port, make_study(tmp_path / 'two'))
    until(lambda: len(other.received) == 2)
    until(lambda: service.table.ask('SELECT MAX(tries) FROM deliveries')[0][0] >= 2)
    assert service.table.count()[State.SENDING] == 2
    archive.start()
    until(done(service, 2))
    for node in (archive, other):
        assert sorted(map(len, node.received.values())) == [1, 1]
    assert set(archive.received) == set(other.received)
    other.stop()


@pytest.mark.usefixtures('cheap_worker')
def test_dead_letters_are_sent_when_somebody_asks(start_service, archive, tmp_path):
    from mammo_plugins.apis.serve.deliveries import retry

    archive.status = 0xA700
    service = start_service(delivery={'tries': 2})
    send(service.settings.receive.port, make_study(tmp_path / 'one'))
    until(lambda: service.table.count()[State.DEAD_LETTER] == 1)
    assert not archive.received
    archive.status = 0
    assert retry(service.table) == {'dead letters': 1, 'failed': 0}
    until(done(service))
    assert len(archive.received) == 1


@pytest.mark.usefixtures('cheap_worker')
@pytest.mark.parametrize('confirm', ['find', 'commitment'])
def test_results_that_the_archive_does_not_have_are_sent_again_until_it_has_them(
    confirm, start_service, archive, tmp_path
):
    archive.forgets = True
    service = start_service(destination={'confirm': confirm, 'commitment_seconds': 5})
    send(service.settings.receive.port, make_study(tmp_path / 'one'))
    until(lambda: service.table.ask('SELECT MAX(tries) FROM deliveries')[0][0] or 0 >= 1)
    archive.forgets = False
    until(done(service))
    (copies,) = archive.received.values()
    assert len(copies) >= 2 and len(set(copies)) == 1


@pytest.mark.usefixtures('cheap_worker')
def test_health_readiness_and_metrics_tell_of_the_service_and_of_no_patient(start_service, archive, tmp_path):
    free = {'bytes': 10**12}
    service = start_service(free_bytes=lambda path: free['bytes'], receive={'minimum_free_gb': 1.0})
    assert fetch(service, '/healthz')[0] == 200
    until(lambda: fetch(service, '/readyz')[0] == 200)
    files = make_study(tmp_path / 'study')
    send(service.settings.receive.port, files)
    until(done(service))
    status, text = fetch(service, '/metrics')
    assert status == 200
    assert 'mammo_jobs{state="done"} 1.0' in text and 'mammo_objects_total{outcome="new"} 4.0' in text
    assert 'mammo_deliveries_total{destination="archive",outcome="sent"} 1.0' in text
    free['bytes'] = 10**8
    status, text = fetch(service, '/readyz')
    assert status == 503 and 'minimum_free_gb' in json.loads(text)['problems'][0]
    assert send(service.settings.receive.port, make_study(tmp_path / 'more')) == [0xA700] * 4
    assert fetch(service, '/else')[0] == 404
    until(lambda: '"no space"' in service.spool.log.read_text())
    told = service.spool.log.read_text() + fetch(service, '/metrics')[1] + str(list(service.spool.root.rglob('*')))
    header = dcmread(files[0], stop_before_pixels=True)
    for secret in (header.PatientID, str(header.PatientName), header.StudyInstanceUID, files[0].stem, '19501231'):
        assert secret and secret not in told


@pytest.mark.usefixtures('cheap_worker')
def test_stop_lets_the_running_study_end(start_service, archive, tmp_path):
    (tmp_path / 'behaviour').write_text('slow')
    service = start_service()
    send(service.settings.receive.port, make_study(tmp_path / 'one'))
    until(lambda: service.table.count()[State.PREDICTING] == 1)
    service.stop()
    again = start_service(service.settings)
    until(done(again))
    assert again.table.jobs(State.DONE)[0].tries == 1
    assert len(archive.received) == 1


@pytest.mark.usefixtures('cheap_worker')
def test_spool_of_a_running_service_is_refused(start_service):
    service = start_service()
    with pytest.raises(OSError, match='another service runs on'):
        start_service(service.settings)


@pytest.mark.usefixtures('cheap_worker')
def test_model_that_changes_while_jobs_wait_is_loaded_and_named_in_their_results(start_service, archive, tmp_path):
    zips = sorted(Path('projects').glob('*/model/*.zip'))
    model = tmp_path / 'model.zip'
    shutil.copy(zips[0], model)
    service = start_service(model={'name': str(model)})
    send(service.settings.receive.port, make_study(tmp_path / 'one'))
    until(done(service))
    shutil.copy(zips[1], tmp_path / 'other.zip')
    (tmp_path / 'other.zip').replace(model)
    send(service.settings.receive.port, make_study(tmp_path / 'two'))
    until(done(service, 2))
    first, second = service.table.jobs(State.DONE)
    assert first.model != second.model
    versions = {report.SoftwareVersions.split()[-1] for report in archive.objects()}
    assert versions == {first.model[:12], second.model[:12]}
    assert '"model changed"' in service.spool.log.read_text()
