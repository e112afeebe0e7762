"""Predicting files: the real mammograms where they are at hand, phantoms otherwise, and files that cannot be used."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom.sequence import Sequence

from mammo_plugins.apis.found_images import find_images
from mammo_plugins.apis.predict.prediction import predict
from mammo_plugins.apis.synthesize import synthesize
from mammo_plugins.commands import predict as command
from mammo_plugins.io import read_annotations
from tests.io.dicom_builder import code, ct_slices, dbt_volume, mammogram, save, stored_breast


@pytest.fixture(name='checkpoint')
def checkpoint_fixture(ffdm_checkpoint) -> Path:
    return ffdm_checkpoint


@pytest.fixture(scope='module')
def breast(tmp_path_factory) -> Path:
    """A folder with two views of one breast as 16-bit PNG, a mask and a text file."""
    folder = tmp_path_factory.mktemp('files')
    image = np.zeros((96, 64), np.uint16)
    image[10:80, :40] = 3000
    for name in ('7_L-CC.png', '7_L-MLO.png', '7_L-CC_mask.png', 'holiday.png'):
        Image.fromarray(image).save(folder / name)
    (folder / 'notes.txt').write_text('no image')
    return folder


def test_folder_gives_csv_and_report_in_stored_pixels(breast, checkpoint, tmp_path):
    run = predict(breast, config='configs/demo/mnm_ffdm.py', checkpoint=checkpoint, out=tmp_path, device='cpu')
    with open(run.csv, newline='') as file:
        rows = list(csv.DictReader(file))
    assert {row['View'] for row in rows} == {'lcc', 'lmlo'}
    assert all(float(row['X']) + float(row['Width']) <= 64 for row in rows)
    assert all(float(row['Y']) + float(row['Height']) <= 96 for row in rows)
    assert list(run.malignancy) == ['7/7/L']
    assert 'L-MLO' in run.html.read_text()


def test_files_that_cannot_be_used_are_listed_with_their_reason(breast):
    left_out = {Path(path).name: reason for path, reason in find_images(breast).left_out.items()}
    assert left_out.keys() == {'7_L-CC_mask.png', 'holiday.png', 'notes.txt'}
    assert 'mask' in left_out['7_L-CC_mask.png']
    assert 'view' in left_out['holiday.png']
    assert 'DICOM' in left_out['notes.txt']


def test_folder_without_a_breast_image_is_an_error_that_says_why(tmp_path, capsys):
    (tmp_path / 'notes.txt').write_text('no image')
    arguments = [str(tmp_path), '--config', 'demo/mnm_ffdm', '--checkpoint', 'none.pth', '--out', str(tmp_path / 'out')]
    assert command.main(arguments) == 2
    error = capsys.readouterr().err
    assert re.search(r'no usable breast image in .*notes\.txt: ', error, re.DOTALL)


def test_command_says_what_it_left_out_and_doubts_and_fails_where_it_must_be_strict(checkpoint, tmp_path, capsys):
    folder = tmp_path / 'in [1]'
    save(mammogram(stored_breast(), PatientID='A[/b]<i>'), folder / 'a.dcm')
    save(mammogram(stored_breast(top=2500), PatientID='A[/b]<i>'), folder / 'again.dcm')
    modifiers = Sequence([code('399163009', 'SCT', 'Magnification')])
    save(mammogram(stored_breast(), ViewModifierCodeSequence=modifiers), folder / 'spot [2].dcm')
    (folder / 'gone').symlink_to(tmp_path / 'nowhere')
    arguments = [str(folder), '--config', 'configs/demo/mnm_ffdm.py', '--checkpoint', str(checkpoint)]
    arguments += ['--out', str(tmp_path / 'out'), '--device', 'cpu']
    assert command.main(arguments) == 0
    said = capsys.readouterr().out
    assert f'left out: {folder / "spot [2].dcm"}: a magnification view (view modifier)\n' in said
    assert f'left out: {folder / "gone"}: a link whose target does not exist\n' in said
    assert f'in doubt: {folder / "again.dcm"}: image 2 of L-CC in this exam' in said
    assert '2 breasts predicted, 2 files left out, 1 in doubt' in said and 'A[/b]<i>/1.2.3/L: malignancy' in said
    with open(tmp_path / 'out' / 'left_out.csv', newline='') as file:
        statuses = {Path(row['File']).name: row['Status'] for row in csv.DictReader(file)}
    assert statuses == {'gone': 'left out', 'spot [2].dcm': 'left out', 'again.dcm': 'in doubt'}
    report = (tmp_path / 'out' / 'report.html').read_text()
    assert 'In doubt: again.dcm' in report and 'Left out: spot [2].dcm' in report and '<i>' not in report
    assert command.main([*arguments, '--strict']) == 1


def test_output_that_cannot_be_written_is_one_sentence(breast, tmp_path, capsys):
    (tmp_path / 'out').write_text('a file where the folder should be')
    arguments = [str(breast), '--config', 'demo/mnm_ffdm', '--checkpoint', 'none.pth', '--out', str(tmp_path / 'out')]
    assert command.main(arguments) == 2
    assert re.fullmatch(
        r'error: .*out is a file, where a folder is needed: name another folder.*\n', capsys.readouterr().err
    )


def test_weights_of_another_model_are_refused(breast, checkpoint, tmp_path):
    smaller = {'model.roi_head.num_stages': 2}
    with pytest.raises(
        ValueError, match=r'iter_1\.pth does not hold the weights of this model: .*not in the model .*bbox_head'
    ):
        predict(
            breast,
            config='configs/demo/mnm_ffdm.py',
            checkpoint=checkpoint,
            out=tmp_path,
            device='cpu',
            cfg_options=smaller,
        )


def test_volume_is_predicted_with_slices_of_the_source_file(phantom_root, checkpoint, tmp_path):
    annotations = read_annotations(phantom_root / 'phantoms.json').select(modality='DBT')
    image = annotations.images[0]
    path = annotations.resolve_path(image)
    run = predict(path, config='configs/demo/mm3d_dbt.py', checkpoint=checkpoint, out=tmp_path, device='cpu')
    with open(run.csv, newline='') as file:
        slices = {int(float(row['Z'])) for row in csv.DictReader(file)}
    assert slices
    assert all(0 <= index < image.num_slices for index in slices)


def test_real_mammograms_are_predicted(real_data, checkpoint, tmp_path):
    run = predict(
        real_data / 'mammograms_png',
        config='configs/demo/mnm_ffdm.py',
        checkpoint=checkpoint,
        out=tmp_path,
        device='cpu',
    )
    assert list(run.malignancy) == ['0/0/L', '0/0/R']
    assert sorted(Path(path).name for path in run.left_out) == ['0_R-CC_benign_mask.png', '0_R-MLO_benign_mask.png']
    with open(run.csv, newline='') as file:
        assert {row['View'] for row in csv.DictReader(file)} == {'lcc', 'lmlo', 'rcc', 'rmlo'}


def test_real_headers_without_pixels_are_refused_for_the_right_reason(real_data):
    with pytest.raises(ValueError, match='no usable breast image') as refused:
        find_images(real_data / 'dicom_headers')
    assert 'Hologic' in str(refused.value) and '7E01' in str(refused.value)
    assert str(refused.value).count('shows no breast: at least 16 are needed') == 3


def test_views_of_a_patient_without_id_stay_together(tmp_path):
    for position in ('CC', 'MLO'):
        elements = dict(ViewPosition=position, PatientID='', StudyInstanceUID='1.2.3')
        save(mammogram(stored_breast(), **elements), tmp_path / f'{position}.dcm')
    images = find_images(tmp_path).annotations.images
    assert {image.breast_id for image in images} == {('1.2.3', '1.2.3', 'L')}


def test_folder_of_one_file_a_slice_is_one_volume(tmp_path):
    for number, part in enumerate(ct_slices(np.stack([stored_breast('R')] * 3))):
        save(part, tmp_path / 'volume' / f'{number}.dcm')
    (image,) = find_images(tmp_path).annotations.images
    assert (image.modality, image.num_slices, image.view) == ('DBT', 3, 'R-MLO')


def test_report_calls_a_computed_sm_so(checkpoint, tmp_path):
    slices = np.stack([stored_breast(top=2000 + 100 * index) for index in range(5)])
    save(dbt_volume(slices), tmp_path / 'in' / 'volume.dcm')
    synthesize(tmp_path / 'in', tmp_path / 'sm', workers=0, show_progress=False)
    config = 'configs/demo/mnm_ffdm.py'
    run = predict(tmp_path / 'sm' / 'images', config=config, checkpoint=checkpoint, out=tmp_path / 'out', device='cpu')
    page = run.html.read_text()
    assert '"SM (computed)' in page
    note = 'The data of the config are FFDM; images of another kind are read too: 1 of SM.'
    assert note in run.notes and note in page


def test_images_of_the_configs_own_kind_need_no_note(breast, checkpoint, tmp_path):
    run = predict(breast, config='configs/demo/mnm_ffdm.py', checkpoint=checkpoint, out=tmp_path, device='cpu')
    assert not any('another kind' in note for note in run.notes)
