"""What all result objects share: patient, UIDs, times, and how they are told from images."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pydicom import dcmread

from mammo_plugins.io.dicom_out.cad_report import build_cad_report
from mammo_plugins.io.dicom_out.result_objects import is_own_result, save_result
from mammo_plugins.io.dicom_out.result_settings import ResultSettings, complete_settings, read_settings
from mammo_plugins.io.dicom_out.source_headers import read_source_header
from mammo_plugins.io.dicom_out.study_results import Model, NoDateError
from mammo_plugins.io.unreadable_image import UnreadableImageError
from tests.io.dicom_builder import code, item, mammogram, save

from .result_cases import header, image, mark, results

SETTINGS = ResultSettings()


def uid(study=None, settings=SETTINGS):
    return build_cad_report(study or results(image()), settings).SOPInstanceUID


def test_same_run_gives_the_same_bytes(tmp_path):
    study = results(image('a', (mark(),)), left=0.5)
    first, second = (
        save_result(tmp_path / name, build_cad_report(study, SETTINGS)).read_bytes() for name in ('a.dcm', 'b.dcm')
    )
    assert first == second


def test_uid_depends_on_model_settings_and_images_and_not_on_what_was_found():
    other_model = replace(results(image()), model=Model('finder', 'cd' * 32))
    more_images = results(image(), image('bb', view='L-MLO'))
    uids = [uid(), uid(other_model), uid(more_images), uid(settings=ResultSettings(manufacturer='ACME'))]
    assert len(set(uids)) == 4
    assert uid(results(image('a', (mark(),)))) == uids[0]


def test_results_are_told_from_images_whatever_maker_they_name(tmp_path):
    report = build_cad_report(results(image()), ResultSettings(manufacturer='ACME', model_name='Finder'))
    assert is_own_result(report) and (report.Manufacturer, report.ManufacturerModelName) == ('ACME', 'Finder')
    assert not is_own_result(mammogram())


def test_time_is_that_of_the_latest_image_or_the_one_that_is_stated():
    study = results(image(), failed=(header('b', AcquisitionDate='20260103', AcquisitionTime='0405'),))
    report = build_cad_report(study, SETTINGS)
    assert (report.ContentDate, report.ContentTime) == ('20260103', '040500')
    report = build_cad_report(study, ResultSettings(content_time='2026-05-06T07:08:09'))
    assert (report.ContentDate, report.ContentTime) == ('20260506', '070809')
    assert (report.StudyDate, report.StudyTime) == ('20260102', '101112')


def test_study_without_a_date_is_not_given_one():
    undated = replace(image(), instances=(header('a', StudyDate='', StudyTime=''),))
    with pytest.raises(NoDateError, match='give content_time in the settings'):
        build_cad_report(results(undated), SETTINGS)


def test_patient_and_study_are_copied_and_nothing_else(tmp_path):
    procedure = code('71651007', 'SCT', 'Mammography', PatientName='In^Item')
    dataset = mammogram(
        SpecificCharacterSet='ISO_IR 100', PatientName='Müller^Änne', PatientBirthDate='19500101', PatientSex='F',
        PatientComments='free text', OperatorsName='Op^Erator', InstitutionName='Somewhere', StudyDate='20260102',
        AccessionNumber='A1', ReferringPhysicianName='Re^Ferrer', ProcedureCodeSequence=[procedure], StudyTime='0102',
        PatientIdentityRemoved='YES', DeidentificationMethod='a tool',
        DeidentificationMethodCodeSequence=[code('113100', 'DCM', 'Basic Application Confidentiality Profile')],
    )  # fmt: skip
    dataset.private_block(0x0009, 'MAKER', create=True).add_new(1, 'LO', 'private')
    source = read_source_header(save(dataset, tmp_path / 'a.dcm'))
    report = build_cad_report(results(replace(image(), instances=(source,))), SETTINGS)
    stored = dcmread(save_result(tmp_path / 'cad.dcm', report))
    for keyword in ('PatientName', 'PatientBirthDate', 'PatientSex', 'AccessionNumber', 'ReferringPhysicianName',
                    'StudyTime', 'PatientIdentityRemoved', 'DeidentificationMethod'):  # fmt: skip
        assert stored[keyword].value == dataset[keyword].value, keyword
    assert stored.DeidentificationMethodCodeSequence[0].CodeValue == '113100'
    assert stored.ProcedureCodeSequence[0].CodeValue == '71651007'
    text = str(stored)
    assert not [word for word in ('free text', 'Op^Erator', 'Somewhere', 'private', 'In^Item') if word in text]


def test_image_without_a_study_cannot_be_referred_to(tmp_path):
    with pytest.raises(UnreadableImageError, match='StudyInstanceUID is absent or empty'):
        read_source_header(save(mammogram(StudyInstanceUID=''), tmp_path / 'a.dcm'))


def test_error_about_a_broken_header_quotes_nothing(tmp_path):
    path = save(mammogram(ProcedureCodeSequence=[item(CodeValue='1')]), tmp_path / 'a.dcm')
    path.write_bytes(path.read_bytes()[:400])
    with pytest.raises(UnreadableImageError) as raised:
        read_source_header(path)
    assert 'Secretname' not in repr(raised.value)


@pytest.mark.parametrize(
    ('content', 'said'),
    [
        ('{"required_from": 0.1, "optional_from": 0.2}', 'optional_from <= required_from'),
        ('{"manufacturer": ""}', 'manufacturer is a text of 1 to 64 characters'),
        ('{"coding": "ICD"}', 'coding is one of SCT, SRT'),
        ('{"finding": "mass"}', 'finding is one of density'),
        ('{"content_time": "yesterday"}', 'content_time is images, now or a date and time'),
        ('{"colour": "red"}', r"holds \['colour'\]: expected an object with some of manufacturer"),
        ('[1]', 'holds list'),
        ('{', 'is no JSON file'),
    ],
)
def test_settings_that_cannot_be_used_are_quoted_with_what_is_allowed(content, said, tmp_path):
    (tmp_path / 'settings.json').write_text(content)
    with pytest.raises(ValueError, match=said):
        read_settings(tmp_path / 'settings.json')


def test_thresholds_that_are_not_stated_are_those_of_the_model(tmp_path):
    (tmp_path / 'settings.json').write_text('{"required_from": 0.4, "manufacturer": "ACME"}')
    given = read_settings(tmp_path / 'settings.json')
    settings = complete_settings(given, [0.3, 0.15])
    assert (settings.required_from, settings.optional_from, settings.manufacturer) == (0.4, 0.15, 'ACME')
    assert complete_settings({}, [0.3, 0.15]) == ResultSettings(required_from=0.3, optional_from=0.15)
    assert complete_settings(read_settings(None)) == ResultSettings()
    with pytest.raises(ValueError, match=r'optional_from <= required_from are needed, got \(0.15, 0.1\)'):
        complete_settings({'required_from': 0.1}, [0.3, 0.15])
