"""Whose images are read together: never those of what may be two patients, and it is said what told them apart."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from mammo_plugins.apis.found_images import find_images
from tests.apis.found_images.written_files import write
from tests.io.dicom_builder import stored_breast

REAL_UID = '1.3.6.1.4.1.14519.5.2.1.1620.1225.123456789012345678901234567890'


class TestPatients:
    """Never two patients in one breast."""

    @staticmethod
    def breasts(found) -> list[list[str]]:
        groups: dict[tuple[str, ...], list[str]] = {}
        for image in found.annotations.images:
            groups.setdefault(image.breast_id, []).append(Path(image.file_name).name)
        return sorted(map(sorted, groups.values()))

    @pytest.mark.parametrize('patient', ['ANON', '', 'P7'])
    def test_folders_tell_patients_apart_without_a_study(self, tmp_path, patient):
        ids = dict(PatientID=patient, StudyInstanceUID=None)
        write(tmp_path / 'p1' / '1.dcm', **ids)
        write(tmp_path / 'p2' / '2.dcm', ViewPosition='MLO', **ids)
        write(tmp_path / 'p2' / '3.dcm', top=2500, **ids)
        found = find_images(tmp_path)
        assert self.breasts(found) == [['1.dcm'], ['2.dcm', '3.dcm']]
        assert any('no Study Instance UID' in note for note in found.notes)

    def test_nobodys_images_in_one_folder_that_repeat_a_view_are_read_alone(self, tmp_path):
        ids = dict(PatientID='ANONYMOUS', StudyInstanceUID=None)
        for number, position in enumerate(('CC', 'MLO', 'CC')):
            write(tmp_path / f'{number}.dcm', top=2000 + 100 * number, ViewPosition=position, **ids)
        found = find_images(tmp_path)
        assert self.breasts(found) == [['0.dcm'], ['1.dcm'], ['2.dcm']]
        assert any('may be of several patients' in note for note in found.notes)

    def test_one_study_for_everybody_is_parted_by_folder(self, tmp_path):
        write(tmp_path / 'p1' / '1.dcm', PatientID='ANON')
        write(tmp_path / 'p2' / '2.dcm', PatientID='ANON', ViewPosition='MLO', top=2000)
        write(tmp_path / 'p2' / '3.dcm', PatientID='ANON', top=2500)
        assert self.breasts(find_images(tmp_path)) == [['1.dcm'], ['2.dcm', '3.dcm']]

    @pytest.mark.parametrize('patient', ['ANON', 'HIDDEN', 'xxx-xx'])
    @pytest.mark.parametrize(
        ('study', 'study_ids', 'expected', 'note'),
        [
            ('1.2.3.4', '11', [['0.dcm'], ['1.dcm', '2.dcm']], 'looks made up'),
            (REAL_UID, '12', [['0.dcm'], ['1.dcm', '2.dcm']], 'several Study IDs'),
            (REAL_UID, '11', [['0.dcm', '1.dcm', '2.dcm']], 'the images of one Study Instance UID are taken for one'),
        ],
    )
    def test_nobodys_images_of_one_study_in_two_folders(self, tmp_path, patient, study, study_ids, expected, note):
        for number, (folder, position) in enumerate((('p1', 'CC'), ('p2', 'MLO'), ('p2', 'ML'))):
            ids = dict(PatientID=patient, StudyInstanceUID=study, StudyID=study_ids[number > 0])
            write(tmp_path / folder / f'{number}.dcm', top=2000 + 100 * number, ViewPosition=position, **ids)
        found = find_images(tmp_path)
        assert self.breasts(found) == expected and any(note in told for told in found.notes)
        assert not any('images of one folder are taken' in told for told in found.notes)
        in_doubt = [name for name, told in found.doubts.items() if 'stands for nobody' in told]
        assert len(in_doubt) == (3 if len(expected) == 1 else 0)

    def test_nobodys_images_of_a_made_up_study_in_one_folder_that_repeat_a_view_are_read_alone(self, tmp_path):
        for number, position in enumerate(('CC', 'MLO', 'CC')):
            ids = dict(PatientID='REDACTED', StudyInstanceUID='1.2.3.4')
            write(tmp_path / f'{number}.dcm', top=2000 + 100 * number, ViewPosition=position, **ids)
        assert self.breasts(find_images(tmp_path)) == [['0.dcm'], ['1.dcm'], ['2.dcm']]

    def test_repeated_view_of_nobodys_real_study_in_one_folder_leaves_the_exam_in_doubt(self, tmp_path):
        for number, position in enumerate(('CC', 'MLO', 'CC')):
            ids = dict(PatientID='ANON', StudyInstanceUID=REAL_UID)
            write(tmp_path / f'{number}.dcm', top=2000 + 100 * number, ViewPosition=position, **ids)
        found = find_images(tmp_path)
        assert self.breasts(found) == [['0.dcm', '1.dcm', '2.dcm']] and len(found.doubts) == 3

    def test_nobodys_images_in_one_folder_are_said_to_be_taken_for_one_patient(self, tmp_path):
        for position in ('CC', 'MLO'):
            ids = dict(PatientID='REDACTED', StudyInstanceUID=None, ViewPosition=position)
            write(tmp_path / f'{position}.dcm', **ids)
        found = find_images(tmp_path)
        assert len(self.breasts(found)) == 1
        assert any("'REDACTED' stands for nobody: the images of one folder" in told for told in found.notes)

    @pytest.mark.parametrize(
        ('ids', 'num_breasts'),
        [
            (dict(PatientID='ANON', StudyInstanceUID=None), 2),
            (dict(PatientID='ANON', StudyInstanceUID=REAL_UID), 1),
            (dict(PatientID='P7', StudyInstanceUID=None), 1),
        ],
    )
    def test_nobodys_images_of_two_manufacturers_in_one_folder_are_of_two_patients(self, tmp_path, ids, num_breasts):
        for number, (position, maker) in enumerate((('CC', 'HOLOGIC, Inc.'), ('MLO', 'SIEMENS'), ('ML', 'SIEMENS'))):
            write(tmp_path / f'{number}.dcm', top=2000 + 100 * number, ViewPosition=position, Manufacturer=maker, **ids)
        found = find_images(tmp_path)
        assert len(self.breasts(found)) == num_breasts
        assert any('several manufacturers' in told for told in found.notes) == (num_breasts == 2)

    def test_exam_with_ids_is_one_whatever_the_folders(self, tmp_path):
        write(tmp_path / 'a' / '1.dcm')
        write(tmp_path / 'b' / '2.dcm', ViewPosition='MLO')
        assert self.breasts(find_images(tmp_path)) == [['1.dcm', '2.dcm']]

    @pytest.mark.parametrize('prefix', ['', '0_', '7_'])
    def test_png_folders_named_by_patient(self, tmp_path, prefix):
        for number, name in enumerate(('p1/L-CC', 'p2/L-CC', 'p2/L-MLO')):
            path = tmp_path / f'{name.split("/")[0]}/{prefix}{name.split("/")[1]}.png'
            path.parent.mkdir(exist_ok=True)
            Image.fromarray(stored_breast(top=2000 + 100 * number)).save(path)
        assert sorted(map(len, self.breasts(find_images(tmp_path)))) == [1, 2]
