"""Beside a real archive: it sends studies, gets results, finds them, commits to them, and nothing goes round."""

from __future__ import annotations

import pytest
from pydicom import dcmread

from mammo_plugins.apis.serve.service import Service
from mammo_plugins.apis.serve.states import State
from tests.dicom_archive.data_set import data_set_bytes

from .conftest import make_settings, until
from .fake_predictor import load_fake
from .studies import make_study, send


@pytest.fixture
def beside(orthanc, tmp_path, cheap_worker):
    """Starts a service that the archive knows as its node; ended with the test."""
    running = []

    def start(name='', **destination):
        settings = make_settings(
            tmp_path / name,
            orthanc.dicom_port,
            destination={'name': 'archive', 'title': orthanc.title, **destination},
            receive={
                'port': orthanc.peer_port,
                'peers': [{'title': orthanc.title, 'address': '127.0.0.1'}, {'title': 'PACS'}],
                'other_objects': 'ignore',
            },
        )
        service = Service(settings, load_fake)
        service.start()
        running.append(service)
        return service

    yield start
    for service in running:
        service.stop()


def fill(orthanc, folder, **elements):
    """A study in the archive; gives its id there and its Study Instance UID."""
    files = make_study(folder, **elements)
    # The archive serves one title: the service's own.
    assert send(orthanc.dicom_port, files, title=orthanc.peer_title, called=orthanc.title) == [0] * len(files)
    (study,) = orthanc.post('/tools/find', {'Level': 'Study', 'Query': {'StudyInstanceUID': _study_uid(files)}})
    return study, _study_uid(files)


def _study_uid(files):
    return dcmread(files[0], stop_before_pixels=True).StudyInstanceUID


def reports(orthanc, study_uid):
    return orthanc.ask(f'/dicom-web/studies/{study_uid}/series?Modality=SR')


@pytest.mark.parametrize('confirm', ['find', 'qido', 'commitment'])
def test_archive_gets_one_report_and_confirms_it(confirm, orthanc, beside, tmp_path):
    url = f'http://127.0.0.1:{orthanc.http_port}/dicom-web'
    service = beside(confirm=confirm, url=url, commitment_seconds=5.0)
    study, uid = fill(orthanc, tmp_path / 'images')
    orthanc.post('/modalities/mammo/store', [study])
    until(lambda: service.table.count()[State.DONE] == 1)
    assert len(reports(orthanc, uid)) == 1
    # A stable study is often sent by a rule: now with the report in it, which starts nothing.
    orthanc.post('/modalities/mammo/store', [study])
    assert service.table.count()[State.DONE] == sum(service.table.count().values()) == 1


def test_results_by_stow_are_the_files_byte_for_byte(orthanc, beside, tmp_path):
    service = beside(kind='stow', url=f'http://127.0.0.1:{orthanc.http_port}/dicom-web', confirm='qido')
    study, uid = fill(orthanc, tmp_path / 'images')
    orthanc.post('/modalities/mammo/store', [study])
    until(lambda: service.table.count()[State.DONE] == 1)
    (file,) = service.spool.jobs.rglob('*.dcm')
    (found,) = orthanc.post('/tools/find', {'Level': 'Instance', 'Query': {'StudyInstanceUID': uid, 'Modality': 'SR'}})
    assert data_set_bytes(orthanc.get(f'/instances/{found}/file', accept='*/*')) == data_set_bytes(file.read_bytes())


def test_late_image_gives_the_archive_a_second_report(orthanc, beside, tmp_path):
    service = beside(confirm='find')
    files = make_study(tmp_path / 'images')
    send(orthanc.peer_port, files[:2])
    until(lambda: service.table.count()[State.DONE] == 1)
    send(orthanc.peer_port, files[2:])
    until(lambda: service.table.count()[State.DONE] == 2)
    assert len(reports(orthanc, _study_uid(files))) == 2


def test_results_sent_again_by_a_service_that_forgot_add_nothing(orthanc, beside, tmp_path):
    """Another spool is the worst that a crash can leave: the same images give the same objects."""
    files = make_study(tmp_path / 'images')
    for name in ('first', 'second'):
        service = beside(name, confirm='find')
        send(orthanc.peer_port, files)
        until(lambda service=service: service.table.count()[State.DONE] == 1)
        service.stop()
    (series,) = reports(orthanc, _study_uid(files))
    assert series['00201209']['Value'] == [1]  # instances of the series
