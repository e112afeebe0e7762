"""Results go into a real archive beside their images, are found by patient, study and modality, and come back whole."""

from __future__ import annotations

import pytest
from pydicom import dcmread
from pynetdicom import AE, _config

from mammo_plugins.commands import dicom_results as command
from tests.dicom_archive.data_set import data_set_bytes

from .predicted_run import predicted_run


@pytest.fixture(scope='module')
def objects(written):
    """Results of all kinds, by path."""
    return sorted(written('placed').glob('dicom/*/*.dcm'))


def _push(archive, paths, monkeypatch):
    monkeypatch.setattr(_config, 'STORE_SEND_CHUNKED_DATASET', True)
    entity = AE(ae_title='MAMMO')
    for sop_class in sorted({dcmread(path, stop_before_pixels=True).SOPClassUID for path in paths}):
        entity.add_requested_context(sop_class, '1.2.840.10008.1.2.1')
    association = entity.associate('127.0.0.1', archive.dicom_port, ae_title=archive.title)
    assert association.is_established
    try:
        return [association.send_c_store(path).get('Status') for path in paths]
    finally:
        association.release()


def test_archive_files_results_by_study_and_gives_them_back_byte_for_byte(orthanc, objects, monkeypatch):
    assert _push(orthanc, objects, monkeypatch) == [0] * len(objects)
    header = dcmread(objects[0], stop_before_pixels=True)
    series = orthanc.ask(f'/dicom-web/studies/{header.StudyInstanceUID}/series')
    found = sorted(one['00080060']['Value'][0] for one in series)
    sides = {dcmread(path, stop_before_pixels=True).get('Laterality', '') for path in objects if path.name[:2] == 'sc'}
    assert found == ['OT'] * len(sides) + ['PR'] * len(sides) + ['SEG', 'SR', 'SR'], (
        'a series a kind, or a kind and side'
    )
    (study,) = orthanc.ask(f'/dicom-web/studies?PatientID={header.PatientID}')
    assert study['0020000D']['Value'] == [header.StudyInstanceUID]
    for path in objects:
        one = dcmread(path, stop_before_pixels=True)
        place = f'/dicom-web/studies/{one.StudyInstanceUID}/series/{one.SeriesInstanceUID}/instances/'
        body = orthanc.get(
            place + one.SOPInstanceUID, accept='multipart/related; type="application/dicom"; transfer-syntax=*'
        )
        boundary, rest = body.split(b'\r\n', 1)
        part = rest.split(b'\r\n\r\n', 1)[1]
        assert data_set_bytes(part[: part.rindex(b'\r\n' + boundary)]) == data_set_bytes(path.read_bytes()), path.name


def test_results_of_a_repeated_run_add_nothing(orthanc, objects, monkeypatch, tmp_path, written):
    before = orthanc.ask('/statistics')['CountInstances']
    out = predicted_run(written('placed').parent / 'images', tmp_path / 'out')
    settings = written('placed').parent / 'settings.json'
    assert command.main([str(out), '--settings', str(settings)]) == 0
    again = sorted(out.glob('dicom/*/*.dcm'))
    assert [path.read_bytes() for path in again] == [path.read_bytes() for path in objects]
    assert _push(orthanc, again, monkeypatch) == [0] * len(again)
    assert orthanc.ask('/statistics')['CountInstances'] == before
