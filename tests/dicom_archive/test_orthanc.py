"""A phantom study goes into a real archive and comes back byte for byte."""

import socket
import time
from contextlib import nullcontext

import pytest
from pydicom import Dataset, dcmread
from pydicom.filebase import DicomBytesIO
from pynetdicom import AE, StoragePresentationContexts, _config, evt
from pynetdicom.sop_class import StudyRootQueryRetrieveInformationModelFind

from mammo_plugins.apis.phantoms import make_phantoms
from tests.dicom_archive import running_orthanc
from tests.dicom_archive.data_set import data_set_bytes
from tests.dicom_archive.private_network import private_network


@pytest.fixture(scope='module')
def files(tmp_path_factory):
    """The twelve images of a phantom patient."""
    out = tmp_path_factory.mktemp('phantoms') / 'out'
    make_phantoms(out, cases=1, seed=3, size='64x48x6', split=(1, 0, 0))
    return sorted(out.rglob('*.dcm'))


def _associated(archive, title='MAMMO', contexts=()):
    entity = AE(ae_title=title)
    entity.add_requested_context(StudyRootQueryRetrieveInformationModelFind)
    for sop_class, syntax in contexts:
        entity.add_requested_context(sop_class, syntax)
    return entity.associate('127.0.0.1', archive.dicom_port, ae_title=archive.title)


def _push(archive, files):
    """Sends files as they are; gives the statuses."""
    headers = [dcmread(file, stop_before_pixels=True) for file in files]
    contexts = sorted({(one.SOPClassUID, one.file_meta.TransferSyntaxUID) for one in headers})
    association = _associated(archive, contexts=contexts)
    assert association.is_established
    try:
        return [association.send_c_store(file).get('Status') for file in files]
    finally:
        association.release()


@pytest.fixture(scope='module')
def archive(orthanc, files):
    """The archive with the study."""
    chunked, _config.STORE_SEND_CHUNKED_DATASET = _config.STORE_SEND_CHUNKED_DATASET, True
    try:
        assert _push(orthanc, files) == [0] * 12
        yield orthanc
    finally:
        _config.STORE_SEND_CHUNKED_DATASET = chunked


def test_query_finds_the_study(archive, files):
    header = dcmread(files[0], stop_before_pixels=True)
    association = _associated(archive)
    wanted = Dataset()
    wanted.QueryRetrieveLevel, wanted.PatientID, wanted.StudyInstanceUID = 'STUDY', header.PatientID, ''
    answers = list(association.send_c_find(wanted, StudyRootQueryRetrieveInformationModelFind))
    association.release()
    assert [found.StudyInstanceUID for _, found in answers if found is not None] == [header.StudyInstanceUID]


def test_web_query_finds_a_series_for_each_image(archive, files):
    series = archive.ask('/dicom-web/series?Modality=MG&PatientID=DBT-P00001')
    assert sorted(one['0020000E']['Value'][0] for one in series) == sorted(
        dcmread(file, stop_before_pixels=True).SeriesInstanceUID for file in files
    )


def test_fetched_data_sets_equal_the_files_byte_for_byte(archive, files):
    for file in files:
        header = dcmread(file, stop_before_pixels=True)
        path = f'/dicom-web/studies/{header.StudyInstanceUID}/series/{header.SeriesInstanceUID}/instances/'
        body = archive.get(
            path + header.SOPInstanceUID, accept='multipart/related; type="application/dicom"; transfer-syntax=*'
        )
        boundary, rest = body.split(b'\r\n', 1)
        _, part = rest.split(b'\r\n\r\n', 1)
        data = part[: part.rindex(b'\r\n' + boundary)]
        assert data_set_bytes(data) == data_set_bytes(file.read_bytes())
        assert dcmread(DicomBytesIO(data)).file_meta.TransferSyntaxUID == header.file_meta.TransferSyntaxUID


def test_the_same_images_again_add_nothing(archive, files):
    assert _push(archive, files[:2]) == [0, 0]
    assert archive.ask('/statistics')['CountInstances'] == 12


def test_archive_tells_when_a_study_is_complete_and_sends_it(archive, files):
    limit = time.monotonic() + 30
    while not (stable := archive.changes('StableStudy')) and time.monotonic() < limit:
        time.sleep(0.1)
    received = {}
    entity = AE(ae_title=archive.peer_title)
    for context in StoragePresentationContexts:
        syntaxes = {dcmread(file, stop_before_pixels=True).file_meta.TransferSyntaxUID for file in files}
        entity.add_supported_context(context.abstract_syntax, sorted(syntaxes))

    def keep(event):
        received[event.request.AffectedSOPInstanceUID] = event.request.DataSet.getvalue()
        return 0

    handlers = [(evt.EVT_C_STORE, keep)]
    server = entity.start_server(('127.0.0.1', archive.peer_port), block=False, evt_handlers=handlers)
    try:
        archive.post('/modalities/mammo/store', [stable[-1]['ID']])
    finally:
        server.shutdown()
    assert received == {
        dcmread(file, stop_before_pixels=True).SOPInstanceUID: data_set_bytes(file.read_bytes()) for file in files
    }


def test_strangers_are_not_served(archive):
    assert _associated(archive, title='STRANGER').is_rejected


def test_without_right_to_a_network_it_runs_in_that_of_the_system(tmp_path, monkeypatch, files):
    monkeypatch.setattr('tests.dicom_archive.orthanc.private_network', lambda: nullcontext(False))
    with running_orthanc(tmp_path) as archive:
        assert not archive.isolated
        assert _push(archive, files[:1]) == [0]
        assert _associated(archive, title='STRANGER').is_rejected


def test_private_network_is_left_again():
    before = socket.if_nameindex()
    with private_network() as entered:
        if not entered:
            pytest.skip('only root may make a network')
        assert [name for _, name in socket.if_nameindex()] == ['lo']
    assert socket.if_nameindex() == before
