"""Of a header with a marker in each text element, objects hold the patient and study modules, and nothing else."""

from __future__ import annotations

import json

import pytest
from pydicom import dcmread

from mammo_plugins.commands import dicom_results as command
from mammo_plugins.io.dicom_out.source_headers import COPIED_KEYWORDS
from tests.test_privacy import Planted, copied_places, find_markers

from .predicted_run import predicted_run

pytestmark = pytest.mark.filterwarnings('ignore')


def test_objects_hold_patient_and_study_alone(phantoms, tmp_path, capsys):
    planted = Planted()
    for path in sorted(phantoms.rglob('*.dcm')):
        copy = tmp_path / 'in' / path.relative_to(phantoms)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
        planted.plant_everywhere(copy)
    out = predicted_run(tmp_path / 'in', tmp_path / 'out')
    (tmp_path / 's.json').write_text(json.dumps({'optional_from': 0, 'content_time': '2026-01-02T03:04:05'}))
    assert command.main([str(out), '--settings', str(tmp_path / 's.json')]) == 0
    kinds = {path.name.split('.')[0].split('-')[0] for path in out.glob('dicom/*/*.dcm')}
    assert kinds == {'cad', 'sr', 'gsps', 'seg', 'sc'}
    found = find_markers(out / 'dicom')
    assert len(found) == len(list(out.glob('dicom/*/*.dcm'))), 'each object is filed by its patient'
    for name, markers in found.items():
        places = {planted.places[int(marker[2:7])] for marker in markers}
        assert places <= copied_places(), name
        assert {'PatientName', 'PatientBirthDate', 'AccessionNumber', 'ReferringPhysicianName'} <= places
    (report,) = out.glob('dicom/*/cad-sr.dcm')
    stored = dcmread(report)
    sources = [dcmread(path, stop_before_pixels=True) for path in (tmp_path / 'in').rglob('*.dcm')]
    (source,) = (one for one in sources if one.PatientName == stored.PatientName)
    for keyword in COPIED_KEYWORDS:
        if keyword in source and source[keyword].VR != 'SQ':
            assert stored[keyword].value == source[keyword].value, keyword
    assert not find_markers(out / 'studies') and 'ZQ0' not in capsys.readouterr().out
