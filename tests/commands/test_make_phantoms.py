"""``mammo phantoms``."""

import pytest
from pydicom import dcmread

from mammo_plugins.apis.found_images import find_images
from mammo_plugins.commands.make_phantoms import main


def test_command_writes_a_release(tmp_path, capsys):
    out = tmp_path / 'out'
    arguments = [
        str(out),
        '--cases',
        '1',
        '--seed',
        '2',
        '--size',
        '64x48x6',
        '--workers',
        '1',
        '--split',
        '1',
        '0',
        '0',
    ]
    assert main(arguments) == 0
    assert capsys.readouterr().out.strip() == f'1 patients in {out}'
    assert (out / 'BCS-DBT-boxes-train.csv').is_file()


def test_command_names_what_is_wrong_and_fails(tmp_path, capsys):
    (tmp_path / 'file.txt').write_text('mine')
    assert main([str(tmp_path), '--cases', '1', '--seed', '2']) == 2
    assert 'not empty' in capsys.readouterr().err


@pytest.mark.parametrize('text', ['{', '[1]'])
def test_settings_that_are_no_json_object_are_refused(tmp_path, capsys, text):
    with pytest.raises(SystemExit):
        main([str(tmp_path / 'out'), '--cases', '1', '--seed', '2', '--settings', text])
    assert 'JSON' in capsys.readouterr().err


def _exam(folder, *options):
    assert main(['exam', str(folder), '--size', '96x64x8', *options]) == 0
    return sorted(folder.iterdir())


@pytest.mark.parametrize(('modality', 'frames'), [('FFDM', 1), ('SM', 1), ('DBT', 4)])
def test_exam_is_four_views_of_one_study_without_tables(tmp_path, capsys, modality, frames):
    files = _exam(tmp_path / 'e', '--modality', modality)
    assert [file.name for file in files] == [f'image-0{number}.dcm' for number in range(1, 5)]
    found = find_images(tmp_path / 'e').annotations.images
    assert sorted(image.view for image in found) == ['L-CC', 'L-MLO', 'R-CC', 'R-MLO']
    assert {image.modality for image in found} == {modality} and len({image.study_uid for image in found}) == 1
    assert all(image.num_slices >= frames and not image.rotated_180 for image in found)
    printed = capsys.readouterr().out
    assert printed.startswith(f'4 images in {tmp_path / "e"}')
    assert 'malignant' in printed and 'benign' in printed


def test_exam_of_several_modalities_has_them_of_each_view(tmp_path):
    files = _exam(tmp_path / 'e', '--modality', 'FFDM', 'SM')
    found = find_images(tmp_path / 'e').annotations.images
    assert len(files) == 8 and len({(image.view, image.modality) for image in found}) == 8


def test_exam_follows_from_its_seed_and_is_no_patient_of_a_release(tmp_path):
    once, again, other = (_exam(tmp_path / name, '--seed', seed) for name, seed in zip('abc', '114'))
    assert [file.read_bytes() for file in once] == [file.read_bytes() for file in again]
    assert not {dcmread(file).SOPInstanceUID for file in once} & {dcmread(file).SOPInstanceUID for file in other}
    main([str(tmp_path / 'release'), '--cases', '1', '--seed', '1', '--size', '96x64x8', '--workers', '1'])
    released = {dcmread(file).SOPInstanceUID for file in (tmp_path / 'release').rglob('*.dcm')}
    assert len(released) == 12 and not released & {dcmread(file).SOPInstanceUID for file in once}


def test_a_release_may_lie_in_a_folder_called_exam(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(['exam', '--cases', '1', '--seed', '2', '--size', '64x48x6', '--workers', '1']) == 0
    assert (tmp_path / 'exam' / 'phantom.json').is_file()


def test_exam_overwrites_nothing(tmp_path, capsys):
    (tmp_path / 'file.txt').write_text('mine')
    assert main(['exam', str(tmp_path)]) == 2
    assert 'not empty' in capsys.readouterr().err
