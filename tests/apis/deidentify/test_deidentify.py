"""``mammo deidentify``: what is written, what is left out, and what both say."""

from __future__ import annotations

import csv
import shutil
import sys
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from highdicom.sr import ObserverContext, PersonObserverIdentifyingAttributes
from pydicom import Dataset, dcmread
from pydicom.sr.codedict import codes
from pydicom.uid import DeflatedExplicitVRLittleEndian, ImplicitVRLittleEndian, SecondaryCaptureImageStorage

from mammo_plugins.apis.found_images import find_images
from mammo_plugins.apis.phantoms import make_exam
from mammo_plugins.commands import deidentify
from mammo_plugins.io import read_header
from mammo_plugins.io.deidentify import kept_elements
from tests.dicom_validation import dciodvfy_errors, dsrdump_errors, pixelmed_errors
from tests.result_objects import measurement_report, presentation_state, segmentation

pytestmark = pytest.mark.filterwarnings('ignore:Invalid value for VR')


def run(source: Path, out: Path, *options: str) -> int:
    return deidentify.main([str(source), str(out), '--workers', '0', '--no-progress', *options])


@pytest.fixture(scope='module', name='exam')
def exam_fixture(tmp_path_factory) -> Path:
    """Eight images of one study, FFDM and tomosynthesis."""
    folder = tmp_path_factory.mktemp('exam') / 'exam'
    make_exam(folder, seed=4, modalities=('FFDM', 'DBT'), size='96x64x8')
    return folder


@pytest.fixture(name='mammogram')
def mammogram_fixture(exam) -> Dataset:
    return dcmread(next(file for file in sorted(exam.iterdir()) if read_header(file).modality == 'FFDM'))


@pytest.fixture(name='volume')
def volume_fixture(exam) -> Dataset:
    return dcmread(next(file for file in sorted(exam.iterdir()) if read_header(file).modality == 'DBT'))


def save(dataset: Dataset, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path, enforce_file_format=True)
    return path


def only(folder: Path) -> Dataset:
    """The one data set that was written."""
    (file,) = folder.rglob('*.dcm')
    return dcmread(file)


def table(out: Path) -> dict[str, tuple[str, str]]:
    """Name of a source file to its status and reason."""
    with (out.parent / f'{out.name}-left-out.csv').open(newline='') as file:
        return {Path(row['File']).name: (row['Status'], row['Reason']) for row in csv.DictReader(file)}


def seconds(dataset: Dataset, name: str = 'Acquisition') -> float:
    return datetime.strptime(
        dataset[f'{name}Date'].value + dataset[f'{name}Time'].value[:6], '%Y%m%d%H%M%S'
    ).timestamp()


def test_images_are_read_as_before_and_their_pixel_data_are_the_same_bytes(exam, tmp_path, capsys):
    assert run(exam, tmp_path / 'out', '--strict') == 0
    assert '8 images and 0 other objects written, 0 files left out, 0 in doubt' in capsys.readouterr().out
    before, after = (find_images(folder).annotations.images for folder in (exam, tmp_path / 'out'))

    def told(image):
        return (image.view, image.modality, image.num_slices, image.spacing_mm, image.slice_spacing_mm, image.width)

    assert sorted(map(told, before)) == sorted(map(told, after))
    assert len({image.study_uid for image in after}) == len({image.patient_id for image in after}) == 1
    pixels = [sorted(dcmread(file).PixelData for file in folder.rglob('*.dcm')) for folder in (exam, tmp_path / 'out')]
    assert pixels[0] == pixels[1]


def test_written_files_are_valid(exam, tmp_path):
    assert run(exam, tmp_path / 'out') == 0
    assert [dciodvfy_errors(file) for file in (tmp_path / 'out').rglob('*.dcm')] == [[]] * 8


def test_real_headers_stay_as_valid_as_they_were(real_data, tmp_path):
    source = real_data / 'dicom_headers'
    assert run(source, tmp_path / 'out') == 0
    assert {reason for _, reason in table(tmp_path / 'out').values()} <= {
        'a secondary capture: names may be written into its picture'
    }
    before = sorted(len(dciodvfy_errors(file)) for file in source.glob('*GE*.dcm'))
    after = sorted(len(dciodvfy_errors(file)) for file in (tmp_path / 'out').rglob('*.dcm'))
    assert len(after) == 3 and after == before


def test_a_key_replaces_alike_in_any_run_and_another_key_otherwise(exam, tmp_path):
    first, *rest = sorted(exam.iterdir())
    key = ('--key', str(tmp_path / 'secret' / 'key'))
    (tmp_path / 'rest').mkdir()
    for file in rest:
        shutil.copy(file, tmp_path / 'rest')
    for source, name, options in ((exam, 'a', key), (first, 'b', key), (tmp_path / 'rest', 'c', key), (exam, 'd', ())):
        assert run(source, tmp_path / name, *options) == 0
    whole, *parts, other = (
        {str(file.relative_to(tmp_path / name)): file.read_bytes() for file in (tmp_path / name).rglob('*.dcm')}
        for name in 'abcd'
    )
    assert whole == {**parts[0], **parts[1]} and len(parts[0]) == 1
    assert not whole.keys() & other.keys()
    assert (tmp_path / 'secret' / 'key').stat().st_mode & 0o077 == 0


def test_dates_of_a_patient_move_alike(mammogram, tmp_path):
    mammogram.StudyDate, mammogram.AcquisitionDate, mammogram.AcquisitionTime = '20200229', '20200229', '230000'
    mammogram.ContentDate, mammogram.ContentTime = '20200301', '010000'
    assert run(save(mammogram, tmp_path / 'in' / 'a.dcm'), tmp_path / 'out') == 0
    cleaned = only(tmp_path / 'out')
    assert seconds(cleaned, 'Content') - seconds(cleaned) == 2 * 3600
    assert seconds(mammogram) - seconds(cleaned) > 60 * 86400
    assert cleaned.LongitudinalTemporalInformationModified == 'MODIFIED'


def test_what_is_no_date_is_emptied_and_so_is_a_time_without_a_date(mammogram, tmp_path):
    mammogram.AcquisitionDate, mammogram.AcquisitionTime = '2020-ab', '230000'
    assert run(save(mammogram, tmp_path / 'in' / 'a.dcm'), tmp_path / 'out') == 0
    assert (only(tmp_path / 'out').AcquisitionDate, only(tmp_path / 'out').AcquisitionTime) == ('', '')


@pytest.mark.parametrize(('age', 'kept'), [('089Y', '089Y'), ('090Y', '090Y'), ('104Y', '090Y'), ('born 1930', '')])
def test_ages_over_89_become_one(mammogram, tmp_path, age, kept):
    mammogram.PatientAge = age
    assert run(save(mammogram, tmp_path / 'in' / 'a.dcm'), tmp_path / 'out') == 0
    assert only(tmp_path / 'out').PatientAge == kept


def test_options_are_recorded_with_what_others_did_before(mammogram, tmp_path):
    earlier = Dataset()
    earlier.CodeValue, earlier.CodingSchemeDesignator, earlier.CodeMeaning = '113111', 'DCM', 'Mary Smith'
    mammogram.DeidentificationMethodCodeSequence = [earlier]
    assert run(save(mammogram, tmp_path / 'in' / 'a.dcm'), tmp_path / 'once') == 0
    cleaned = only(tmp_path / 'once')
    assert cleaned.PatientIdentityRemoved == 'YES' and cleaned.DeidentificationMethod[0].startswith('mammo_plugins ')
    recorded = {item.CodeValue: item.CodeMeaning for item in cleaned.DeidentificationMethodCodeSequence}
    assert list(recorded) == ['113111', '113100', '113105', '113107', '113108']
    assert recorded['113111'] == 'Retain Safe Private Option'
    assert run(tmp_path / 'once', tmp_path / 'twice') == 0
    assert [item.CodeValue for item in only(tmp_path / 'twice').DeidentificationMethodCodeSequence] == list(recorded)


def test_words_of_the_field_stay_in_descriptions(mammogram, tmp_path):
    mammogram.SeriesDescription = 'Smith, Mary: R MLO spot C-View (repeat for Dr. Jones)'
    mammogram.ImageLaterality, mammogram.ViewPosition = 'R', 'MLO'
    mammogram.PatientName = 'Nobody^Else'
    assert run(save(mammogram, tmp_path / 'in' / 'a.dcm'), tmp_path / 'out') == 0
    assert only(tmp_path / 'out').SeriesDescription == 'R MLO spot C-View'


def test_an_id_that_stands_for_nobody_stays(mammogram, tmp_path):
    mammogram.PatientID = 'ANONYMOUS'
    assert run(save(mammogram, tmp_path / 'in' / 'a.dcm'), tmp_path / 'out') == 0
    assert only(tmp_path / 'out').PatientID == 'ANONYMOUS'


def test_results_point_to_the_images_as_before_and_are_valid(exam, mammogram, volume, tmp_path):
    shutil.copytree(exam, tmp_path / 'in')
    made = {
        'report': measurement_report(mammogram),
        'volume report': measurement_report(volume),
        'marks': presentation_state(mammogram, ['0.93 lesion 1', 'Mary']),
        'map': segmentation(volume),
    }
    for name, dataset in made.items():
        save(dataset, tmp_path / 'in' / f'{name}.dcm')
    assert run(tmp_path / 'in', tmp_path / 'out', '--strict') == 0
    cleaned = [dcmread(file) for file in (tmp_path / 'out').rglob('*.dcm')]
    by_class = {dataset.SOPClassUID: dataset for dataset in cleaned}
    images = {dataset.SOPInstanceUID for dataset in cleaned if dataset.Modality == 'MG'}
    assert len(cleaned) == 12 and len(images) == 8 and len({dataset.StudyInstanceUID for dataset in cleaned}) == 1
    for dataset in made.values():
        result = by_class[dataset.SOPClassUID]
        assert referenced(result) and referenced(result) <= images
    marks = by_class[made['marks'].SOPClassUID]
    texts = [
        text.UnformattedTextValue
        for one in marks.GraphicAnnotationSequence
        for text in one.get('TextObjectSequence', [])
    ]
    assert texts == ['0.93 lesion 1'] and 'GraphicObjectSequence' in marks.GraphicAnnotationSequence[0]
    assert {one.GraphicLayer for one in marks.GraphicAnnotationSequence} == {'LAYER1'}
    files = [file for file in (tmp_path / 'out').rglob('*.dcm') if dcmread(file).Modality != 'MG']
    assert [dciodvfy_errors(file) for file in files] == [[]] * 4
    reports = [file for file in files if dcmread(file).Modality == 'SR']
    assert [dsrdump_errors(file) for file in reports] == [[]] * 2
    assert list(pixelmed_errors(reports).values()) == [[]] * 2


def referenced(dataset: Dataset) -> set[str]:
    """UIDs of images that a data set points to."""
    found = set()
    for element in dataset:
        for item in element.value if element.VR == 'SQ' else ():
            found |= referenced(item)
        if element.keyword == 'ReferencedSOPInstanceUID':
            found.add(element.value)
    return found


def person() -> ObserverContext:
    return ObserverContext(codes.DCM.Person, PersonObserverIdentifyingAttributes('Smith^Mary'))


def comment(report: Dataset) -> Dataset:
    item = Dataset()
    item.RelationshipType, item.ValueType, item.TextValue = 'CONTAINS', 'TEXT', 'Mrs Smith was here'
    name = Dataset()
    name.CodeValue, name.CodingSchemeDesignator, name.CodeMeaning = '121106', 'DCM', 'Comment'
    item.ConceptNameCodeSequence = [name]
    plain = Dataset()
    plain.update(report)
    plain.file_meta = report.file_meta
    plain.ContentSequence = [*report.ContentSequence, item]
    return plain


def changed(dataset: Dataset, **elements) -> Dataset:
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    return dataset


def with_overlay_in_pixels(dataset: Dataset) -> Dataset:
    dataset.add_new((0x6000, 0x0102), 'US', 12)
    return dataset


REFUSED = {
    'secondary capture': (
        lambda image: changed(image, SOPClassUID=SecondaryCaptureImageStorage),
        'a secondary capture: names may be written into its picture',
    ),
    'burned in': (lambda image: changed(image, BurnedInAnnotation='YES'), 'Burned In Annotation is YES'),
    'overlay': (lambda image: with_overlay_in_pixels(image), 'an overlay lies in unused bits'),
    'pdf': (
        lambda image: changed(image, SOPClassUID='1.2.840.10008.5.1.4.1.1.104.1'),
        'not a mammogram, its report, marks or segmentation: Encapsulated PDF Storage',
    ),
    'private class': (lambda image: changed(image, SOPClassUID='1.2.3'), 'no class of the standard'),
    'named observer': (lambda image: measurement_report(image, observer=person()), 'a person is named'),
    'comment': (lambda image: comment(measurement_report(image)), 'a free text that cannot be cleaned'),
    'kind in a text': (
        lambda image: changed(image, SeriesDescription='Specimens, Mrs Smith'),
        'only a free text or an identifier tells its unfit',
    ),
    'name elsewhere': (
        lambda image: changed(image, PatientName='Smithson^Mary', ManufacturerModelName='Unit of Dr SMITHSON'),
        'the value of PatientName stands elsewhere in it too',
    ),
    'phantom': (lambda image: changed(image, PatientID='QC 12'), 'only a free text or an identifier tells its doubts'),
    'truncated': (lambda image: image, 'truncated: the file ends inside'),
}  # fmt: skip


@pytest.mark.parametrize('name', REFUSED)
def test_what_cannot_be_cleaned_is_left_out_with_its_reason(exam, mammogram, tmp_path, capsys, name):
    change, reason = REFUSED[name]
    shutil.copy(sorted(exam.iterdir())[-1], tmp_path / 'good.dcm')
    bad = save(change(mammogram), tmp_path / 'in' / 'bad.dcm')
    if name == 'truncated':
        bad.write_bytes(bad.read_bytes()[:-2000])
    shutil.copy(tmp_path / 'good.dcm', tmp_path / 'in')
    assert run(tmp_path / 'in', tmp_path / 'out') == 0
    status, told = table(tmp_path / 'out')['bad.dcm']
    assert status == 'left out' and reason in told
    printed = capsys.readouterr().out
    assert 'left out: ' in printed and '1 images and 0 other objects written, 1 files left out' in printed
    assert 'Smith' not in printed.replace('bad.dcm', '') and len(list((tmp_path / 'out').rglob('*.dcm'))) == 1
    assert run(tmp_path / 'in', tmp_path / 'strict', '--strict') == 1
    assert run(bad, tmp_path / 'alone') == 2


def test_files_that_are_no_dicom_are_left_out(exam, tmp_path):
    shutil.copytree(exam, tmp_path / 'in')
    (tmp_path / 'in' / 'note.txt').write_text('Mary Smith')
    assert run(tmp_path / 'in', tmp_path / 'out') == 0
    assert table(tmp_path / 'out') == {
        'note.txt': ('left out', 'not a DICOM file (no DICM marker after the first 128 bytes)')
    }


def test_an_image_that_says_nothing_of_burned_in_text_is_in_doubt(mammogram, tmp_path, capsys):
    del mammogram.BurnedInAnnotation
    source = save(mammogram, tmp_path / 'in' / 'a.dcm')
    assert run(source, tmp_path / 'out', '--strict') == 1
    assert table(tmp_path / 'out')['a.dcm'][0] == 'in doubt' and '1 in doubt' in capsys.readouterr().out
    assert only(tmp_path / 'out').PatientIdentityRemoved == 'YES'


def test_one_object_twice_is_written_once_and_two_of_one_uid_are_left_out(mammogram, tmp_path, capsys):
    for name in 'ab':
        save(mammogram, tmp_path / 'in' / f'{name}.dcm')
    assert run(tmp_path / 'in', tmp_path / 'out') == 0
    assert '1 images and 0 other objects (1 more were the same object as another)' in capsys.readouterr().out
    mammogram.InstanceNumber = 77
    save(mammogram, tmp_path / 'in' / 'c.dcm')
    assert run(tmp_path / 'in', tmp_path / 'none') == 2
    assert {reason for _, reason in table(tmp_path / 'none').values()} == {
        'another file has the same SOP Instance UID and other content'
    }
    assert not list((tmp_path / 'none').rglob('*.dcm'))


def test_several_processes_write_the_same(exam, tmp_path):
    key = ('--key', str(tmp_path / 'key'))
    assert run(exam, tmp_path / 'a', *key) == 0
    assert deidentify.main([str(exam), str(tmp_path / 'b'), '--workers', '2', '--no-progress', *key]) == 0
    first, second = (
        {file.relative_to(folder): file.read_bytes() for file in folder.rglob('*.dcm')}
        for folder in (tmp_path / 'a', tmp_path / 'b')
    )
    assert first == second and len(first) == 8


@pytest.mark.parametrize(
    ('prepare', 'options', 'reason'),
    [
        (lambda folder: (folder / 'out').mkdir() or (folder / 'out' / 'mine').touch(), (), 'is not empty'),
        (lambda folder: None, ('--key', 'out/key'), 'lies in the folder that is to be shared'),
        (lambda folder: (folder / 'key').write_text('123'), ('--key', 'key'), 'too few for a secret'),
    ],
    ids=['folder in use', 'key beside the images', 'short key'],
)
def test_arguments_that_would_give_something_away_are_refused(
    exam, tmp_path, monkeypatch, capsys, prepare, options, reason
):
    monkeypatch.chdir(tmp_path)
    prepare(tmp_path)
    assert run(exam, Path('out'), *options) == 2
    assert reason in capsys.readouterr().err


def test_results_do_not_go_into_the_source(exam, capsys):
    assert run(exam, exam / 'out') == 2
    assert 'lies in the source' in capsys.readouterr().err


def test_a_source_that_is_missing_makes_no_key(tmp_path, capsys):
    assert run(tmp_path / 'missing', tmp_path / 'out', '--key', str(tmp_path / 'key')) == 2
    assert 'does not exist' in capsys.readouterr().err and not (tmp_path / 'key').exists()


def test_without_dicognito_the_extra_is_named(exam, tmp_path, capsys, monkeypatch):
    for name in [name for name in sys.modules if name.startswith(('dicognito', 'mammo_plugins.io.deidentify'))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, 'dicognito', None)
    assert run(exam, tmp_path / 'out') == 2
    assert "pip install 'mammo_plugins[deidentify]'" in capsys.readouterr().err


def test_kept_elements_are_those_of_the_dictionary():
    from pydicom.datadict import keyword_dict

    classes = (
        '1.2.840.10008.5.1.4.1.1.1.2',
        *(f'1.2.840.10008.5.1.4.1.1.{part}' for part in ('88.33', '11.1', '66.4')),
    )
    keywords = frozenset().union(*map(kept_elements.kept_elements, classes))
    assert {keyword for keyword in keywords if keyword not in keyword_dict} == set()


@pytest.mark.parametrize('syntax', [ImplicitVRLittleEndian, DeflatedExplicitVRLittleEndian], ids=lambda uid: uid.name)
def test_transfer_syntax_stays(mammogram, tmp_path, syntax):
    mammogram.decompress()
    mammogram.file_meta.TransferSyntaxUID = syntax
    source = tmp_path / 'in.dcm'
    mammogram.save_as(source, enforce_file_format=True, implicit_vr=syntax.is_implicit_VR, little_endian=True)
    assert run(source, tmp_path / 'out') == 0
    cleaned = only(tmp_path / 'out')
    assert cleaned.file_meta.TransferSyntaxUID == syntax and cleaned.PixelData == mammogram.PixelData
    assert cleaned.PatientID != mammogram.PatientID


def test_pixels_decode_alike(mammogram, tmp_path):
    assert run(save(mammogram, tmp_path / 'in' / 'a.dcm'), tmp_path / 'out') == 0
    np.testing.assert_array_equal(only(tmp_path / 'out').pixel_array, mammogram.pixel_array)
