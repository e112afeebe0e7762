"""The command on phantoms in the layout of BCS-DBT, and on files that somebody has."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.uid import DigitalMammographyXRayImageStorageForPresentation

from mammo_plugins.apis.audit import audit_dataset
from mammo_plugins.apis.convert import convert_dataset
from mammo_plugins.apis.found_images import find_images
from mammo_plugins.apis.phantoms import make_phantoms
from mammo_plugins.apis.report.stored_cases import Drawn, stored_case
from mammo_plugins.commands import synthesize as command
from mammo_plugins.datasets.audit.acquisition_tables import vendor_rows, view_rows
from mammo_plugins.datasets.case_dataset import CaseDataset
from mammo_plugins.io import (
    AnnotationError,
    iter_slices,
    read_annotations,
    read_header,
    read_mammogram,
    validate_annotations,
    write_annotations,
)
from tests.dicom_validation import dciodvfy_errors
from tests.io.dicom_builder import BIRTH_DATE, PATIENT_NAME, ct_slices, dbt_volume, mammogram, save, stored_breast
from tests.references.volume_synthesis import synthetic_mammogram

LOADING = [dict(type='LoadMammogram', num_slices=1), dict(type='OrientCanonical')]


def run(source: Path, out: Path, *options: str) -> int:
    return command.main([str(source), '--out', str(out), '--workers', '0', '--no-progress', *options])


@pytest.fixture(scope='module')
def release(tmp_path_factory) -> Path:
    """The annotation file of two patients' volumes, in the release's folder."""
    folder = tmp_path_factory.mktemp('bcs-dbt') / 'release'
    make_phantoms(folder, cases=2, seed=5, size='96x64x12', workers=1)
    convert_dataset('bcs-dbt', folder, folder / 'dbt.json', workers=0, show_progress=False)
    return folder / 'dbt.json'


@pytest.fixture(scope='module')
def out(release, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp('synthesized') / 'sm'
    assert run(release, folder) == 0
    return folder


def volume_bytes(num_slices: int = 6, **elements):
    """A data set of a left CC volume of a half-round breast."""
    pixels = np.stack([stored_breast(top=2000 + 100 * index) for index in range(num_slices)])
    orientation = dict(PatientOrientation=['A', 'R'])
    return dbt_volume(pixels, **{**orientation, **elements})


def test_file_holds_what_the_recipe_gives(out):
    annotations = read_annotations(out / 'annotations.json')
    volume, computed = annotations.images[0], next(image for image in annotations.images if image.computed)
    pixels = np.stack(list(iter_slices(annotations.resolve_path(volume), voi='none')))
    expected = synthetic_mammogram(pixels)
    file = dcmread(annotations.resolve_path(computed))
    assert np.abs(file.pixel_array / 32767 - expected.clip(0)).max() < 1e-5 + 0.5 / 32767
    shown = read_mammogram(annotations.resolve_path(computed)).pixels
    assert shown.max() == 1
    assert np.allclose(shown, expected.clip(0) / expected.max(), atol=1e-4)
    assert (shown[:, -4:] == 0).all()  # air far from the breast


def test_header_says_by_whom_and_from_what_it_was_computed(out):
    annotations = read_annotations(out / 'annotations.json')
    volume, computed = annotations.images[0], next(image for image in annotations.images if image.computed)
    file, source = dcmread(annotations.resolve_path(computed)), dcmread(annotations.resolve_path(volume))
    assert list(file.ImageType) == ['DERIVED', 'PRIMARY', 'TOMOSYNTHESIS', 'GENERATED_2D']
    assert file.SeriesDescription == 'computed SM L CC' and file.Manufacturer == 'mammo_plugins'
    assert 'computed from a tomosynthesis volume by mammo_plugins' in file.DerivationDescription
    assert file.SourceImageSequence[0].ReferencedSOPInstanceUID == source.SOPInstanceUID
    assert file.ContributingEquipmentSequence[0].Manufacturer == source.Manufacturer
    assert file.StudyInstanceUID == source.StudyInstanceUID and file.PatientID == source.PatientID
    assert file.SOPInstanceUID != source.SOPInstanceUID and file.SeriesInstanceUID != source.SeriesInstanceUID
    header = read_header(annotations.resolve_path(computed))
    assert header.modality == 'SM' and header.is_computed and header.modality_text == 'SM (computed)'
    assert (str(header.view), header.doubts, header.unfit) == ('L-CC', (), None)
    assert header.acquisition_time_s == read_header(annotations.resolve_path(volume)).acquisition_time_s


def test_annotations_hold_volumes_and_computed_images_with_equal_boxes(release, out):
    before, after = read_annotations(release), read_annotations(out / 'annotations.json')
    volumes = [image for image in after.images if image.modality == 'DBT']
    computed = [image for image in after.images if image.modality == 'SM']
    assert len(volumes) == len(computed) == len(before.images)
    assert any(before.findings)
    for volume, image in zip(volumes, computed, strict=True):
        assert image.computed and not volume.computed
        same = ('patient_id', 'study_uid', 'view', 'view_name', 'split', 'labels', 'width', 'height', 'rotated_180')
        assert all(getattr(image, name) == getattr(volume, name) for name in same)
        pairs = zip(after.findings_of(volume.id), after.findings_of(image.id), strict=True)
        for marked, copied in pairs:
            assert copied == replace(marked, image_id=image.id, slice_index=0, slice_range=None)
    assert after.info['computed']['images'] == len(computed) == after.info['counts']['images_SM']


def test_data_set_of_modalities_reads_the_computed_images_as_sm(out):
    dataset = dict(modality=['SM', 'FFDM'], group_by='modalities', loading=LOADING, pipeline=[], test_mode=True)
    data = CaseDataset(str(out / 'annotations.json'), **dataset)
    volumes = CaseDataset(str(out / 'annotations.json'), modality='DBT', group_by='image', loading=[], pipeline=[])
    boxes = {}
    for index in range(len(volumes)):
        (view,) = volumes.get_data_info(index)['views']
        boxes[view['patient_id'], view['view_name']] = view['gt_bboxes']
    assert len(data) == len(volumes)
    for index in range(len(data)):
        (view,) = data.get_data_info(index)['views']
        assert view['modality'] == 'SM' and view['num_source_slices'] == 1
        assert np.array_equal(view['gt_bboxes'], boxes[view['patient_id'], view['view_name']])
        (loaded,) = data.load_case(index)['views']
        assert loaded['img'].max() == 1 and loaded['img'].shape[0] == 1


def test_masks_and_lesion_ids_come_along_and_computed_images_pair_with_ffdm(tmp_path):
    """Phantoms of every modality but SM: the volume's SM and the FFDM of the view are a case."""
    make_phantoms(tmp_path / 'in', cases=1, seed=2, size='96x64x8', workers=1)
    chosen = dict(modality=['DBT', 'FFDM'], workers=0, show_progress=False)
    convert_dataset('phantom', tmp_path / 'in', tmp_path / 'in' / 'all.json', **chosen)
    assert run(tmp_path / 'in' / 'all.json', tmp_path / 'in' / 'sm') == 0
    after = read_annotations(tmp_path / 'in' / 'sm' / 'annotations.json')
    assert not any(Path(image.file_name).is_absolute() for image in after.images)  # the folder can be moved
    marked = [finding for finding in after.findings if after.image(finding.image_id).modality == 'DBT']
    copied = [finding for finding in after.findings if after.image(finding.image_id).modality == 'SM']
    assert marked and [f.lesion_id for f in marked] == [f.lesion_id for f in copied] and marked[0].lesion_id
    assert [f.segmentation for f in marked] == [f.segmentation for f in copied] and marked[0].segmentation
    data = CaseDataset(
        str(tmp_path / 'in' / 'sm' / 'annotations.json'), modality=['SM', 'FFDM'], group_by='modalities',
        incomplete='drop', loading=[], pipeline=[],
    )  # fmt: skip
    assert len(data) == len([image for image in after.images if image.modality == 'DBT'])
    assert [view['modality'] for view in data.get_data_info(0)['views']] == ['SM', 'FFDM']
    # fed with its own result, it makes nothing twice
    assert run(tmp_path / 'in' / 'sm' / 'annotations.json', tmp_path / 'again') == 0
    again = read_annotations(tmp_path / 'again' / 'annotations.json')
    assert len(again.images) == len(after.images)
    assert again.info['computed'] == after.info['computed'] and again.info['computed']['images'] > 0


def test_audit_and_report_call_them_computed(out):
    annotations = read_annotations(out / 'annotations.json')
    position = next(index for index, image in enumerate(annotations.images) if image.computed)
    case = stored_case([position], annotations, Drawn())
    assert case.views[0].caption == 'SM (computed)'
    audit = audit_dataset(out / 'annotations.json', workers=0, show_progress=False)
    (note,) = [finding for finding in audit.findings if finding.check == 'computed']
    assert 'computed from volumes' in note.reason and note.severity == 'note'
    assert not [finding for finding in audit.findings if finding.check == 'modality_in_header']
    assert 'SM (computed)' in {row['Modality'] for row in vendor_rows(audit.images, audit.facts)}
    assert 'SM (computed)' in view_rows(audit.images)[0]
    assert audit.images[position].where.endswith('/ SM (computed))')


def test_audit_notices_a_computed_image_that_the_annotation_does_not_call_so(out, tmp_path):
    annotations = read_annotations(out / 'annotations.json')
    hidden = [
        replace(image, computed=False, file_name=str(annotations.resolve_path(image))) for image in annotations.images
    ]
    write_annotations(tmp_path / 'hidden.json', type(annotations)(hidden, annotations.findings, annotations.info))
    found = audit_dataset(tmp_path / 'hidden.json', read_pixels=False, workers=0, show_progress=False).findings
    warned = [finding for finding in found if finding.check == 'modality_in_header']
    assert len(warned) == len(hidden) // 2 and 'computed by mammo_plugins' in warned[0].reason


def test_only_an_sm_can_be_computed(out):
    annotations = read_annotations(out / 'annotations.json')
    wrong = replace(annotations.images[0], computed=True)
    with pytest.raises(AnnotationError, match='computed: expected true or false, and true for SM alone'):
        validate_annotations(type(annotations)([wrong], [], {'root': ''}))


def test_files_that_are_whole_are_kept_and_others_made_again_with_equal_bytes(release, out, tmp_path, capsys):
    shutil.copytree(out, tmp_path / 'sm')
    first, second, *_ = sorted((tmp_path / 'sm' / 'images').iterdir())
    content = first.read_bytes()
    first.write_bytes(content[:-2000])
    second.unlink()
    assert run(release, tmp_path / 'sm') == 0
    count = len(read_annotations(release).images)
    assert f'2 synthetic mammograms computed, {count - 2} were there' in capsys.readouterr().out
    assert first.read_bytes() == content and second.read_bytes() == (out / 'images' / second.name).read_bytes()
    assert run(release, tmp_path / 'sm', '--overwrite') == 0
    assert f'{count} synthetic mammograms computed, 0 were there' in capsys.readouterr().out
    assert first.read_bytes() == content


def test_processes_give_the_same_files(release, out, tmp_path):
    assert command.main([str(release), '--out', str(tmp_path), '--workers', '2', '--no-progress']) == 0
    for file in (out / 'images').iterdir():
        assert (tmp_path / 'images' / file.name).read_bytes() == file.read_bytes()


def test_stopped_write_leaves_no_file(release, tmp_path, monkeypatch, capsys):
    def stop(*_, **__):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr('pydicom.Dataset.save_as', stop)
    assert run(release, tmp_path) == 2
    assert 'No space left on device' in capsys.readouterr().err
    assert not list((tmp_path / 'images').iterdir())


def test_folder_with_bad_files_gives_the_rest_and_names_them(tmp_path, capsys):
    folder = tmp_path / 'in'
    save(volume_bytes(), folder / 'good.dcm')
    blank = volume_bytes(SOPInstanceUID='1.2.3.4', ImageLaterality='R')
    blank.PixelData = bytes(len(blank.PixelData))
    save(blank, folder / 'blank.dcm')
    broken = save(volume_bytes(), folder / 'broken.dcm')
    broken.write_bytes(broken.read_bytes()[:-5000])
    save(mammogram(stored_breast(), ViewPosition='MLO'), folder / 'ffdm.dcm')
    (folder / 'notes.txt').write_text('no image')
    assert run(folder, tmp_path / 'out') == 0
    said = capsys.readouterr().out
    assert '1 synthetic mammograms computed' in said
    for name in ('blank.dcm', 'broken.dcm', 'notes.txt'):
        assert f'left out: {folder / name}: ' in said and name in (tmp_path / 'out' / 'left_out.csv').read_text()
    annotations = read_annotations(tmp_path / 'out' / 'annotations.json')
    assert sorted(image.modality_text for image in annotations.images) == ['DBT', 'FFDM', 'SM (computed)']
    assert run(folder, tmp_path / 'out', '--strict') == 1


def test_annotated_volumes_that_cannot_be_read_stand_in_the_notes_and_the_others_are_made(release, tmp_path, capsys):
    shutil.copytree(release.parent, tmp_path / 'in')
    annotations = read_annotations(tmp_path / 'in' / 'dbt.json')
    lost, odd, *rest = annotations.images
    annotations.resolve_path(lost).unlink()
    sized = [replace(odd, height=odd.height + 1) if image is odd else image for image in annotations.images]
    write_annotations(tmp_path / 'in' / 'odd.json', type(annotations)(sized, annotations.findings, annotations.info))
    assert run(tmp_path / 'in' / 'odd.json', tmp_path / 'out', '--strict') == 1
    said = capsys.readouterr().out
    assert 'the annotation says' in said and f'{len(rest)} synthetic mammograms computed' in said
    after = read_annotations(tmp_path / 'out' / 'annotations.json')
    assert len(after.images) == 2 * len(rest) + 2
    assert len([note for note in after.info['notes'] if 'no synthetic mammogram' in note['reason']]) == 2


def test_series_of_single_slices_names_all_its_files_as_source(tmp_path):
    pixels = np.stack([stored_breast('R', top=2000 + 100 * index) for index in range(5)])
    slices = ct_slices(pixels)
    for number, dataset in enumerate(slices):
        save(dataset, tmp_path / 'in' / f'{number}.dcm')
    assert run(tmp_path / 'in', tmp_path / 'out') == 0
    (file,) = (tmp_path / 'out' / 'images').iterdir()
    referenced = [one.ReferencedSOPInstanceUID for one in dcmread(file).SourceImageSequence]
    assert referenced == [dataset.SOPInstanceUID for dataset in slices]
    assert str(read_header(file).view) == 'R-MLO'


def test_nothing_that_names_a_patient_is_carried_over(tmp_path):
    save(volume_bytes(StudyDate='20240102'), tmp_path / 'in' / 'a.dcm')
    assert run(tmp_path / 'in', tmp_path / 'out') == 0
    for path in (path for path in (tmp_path / 'out').rglob('*') if path.is_file()):
        content = path.read_bytes()
        assert not any(text.encode() in content for text in (PATIENT_NAME, BIRTH_DATE, '20240102'))


def test_computed_image_of_a_turned_volume_is_turned_as_well(tmp_path):
    """The chest wall lies on the other side: both are found to be turned by 180 degrees, so both come out upright."""
    pixels = np.stack([stored_breast('R', top=2000 + 100 * index) for index in range(5)])
    save(dbt_volume(pixels), tmp_path / 'in' / 'a.dcm')
    assert run(tmp_path / 'in', tmp_path / 'out') == 0
    assert [image.rotated_180 for image in find_images(tmp_path / 'in').annotations.images] == [True]
    assert [image.rotated_180 for image in find_images(tmp_path / 'out').annotations.images] == [True]


def test_sources_without_a_volume_are_refused(tmp_path, capsys):
    save(mammogram(stored_breast()), tmp_path / 'in' / 'ffdm.dcm')
    assert run(tmp_path / 'in', tmp_path / 'out') == 2
    assert 'no tomosynthesis volume in' in capsys.readouterr().err
    assert run(tmp_path / 'missing.json', tmp_path / 'out') == 2
    assert 'does not exist' in capsys.readouterr().err


def test_results_do_not_go_into_the_folder_that_is_looked_through(tmp_path, capsys):
    save(volume_bytes(), tmp_path / 'in' / 'a.dcm')
    assert run(tmp_path / 'in', tmp_path / 'in' / 'sm') == 2
    assert 'give a folder beside it' in capsys.readouterr().err


def test_its_own_annotation_file_is_not_overwritten(out, capsys):
    before = (out / 'annotations.json').read_bytes()
    assert run(out / 'annotations.json', out) == 2
    assert 'is the source itself' in capsys.readouterr().err
    assert (out / 'annotations.json').read_bytes() == before


def test_dciodvfy_finds_no_error(tmp_path):
    save(volume_bytes(), tmp_path / 'in' / 'a.dcm')
    assert run(tmp_path / 'in', tmp_path / 'out') == 0
    (file,) = (tmp_path / 'out' / 'images').iterdir()
    assert dcmread(file).SOPClassUID == DigitalMammographyXRayImageStorageForPresentation
    assert dciodvfy_errors(file) == []
