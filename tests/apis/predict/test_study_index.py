"""Which files belong to one study, found once and kept on disk."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mammo_plugins.apis.predict import study_index
from mammo_plugins.apis.predict.study_index import StudyIndex, build_index
from mammo_plugins.io.meta_image import MetaImage
from tests.io.dicom_builder import mammogram, save, stored_breast

from .conftest import write_study


def index_of(source: Path, tmp_path: Path) -> list[list[str]]:
    """Names of the files of each study."""
    build_index(tmp_path / 'index.sqlite', source)
    index = StudyIndex(tmp_path / 'index.sqlite')
    return [[path.name for path in index.study(number + 1).files] for number in range(index.num_studies)]


def write_png(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.zeros((32, 32), np.uint16)).save(path)


def test_files_of_one_study_uid_are_together_wherever_they_lie(tmp_path):
    source = tmp_path / 'in'
    for folder, study in (('a', '1.2.3'), ('b', '1.2.4'), ('c/d', '1.2.3')):
        save(mammogram(stored_breast(), StudyInstanceUID=study), source / folder / f'{folder[0]}.dcm')
    assert index_of(source, tmp_path) == [['a.dcm', 'c.dcm'], ['b.dcm']]


def test_files_without_a_study_are_told_apart_by_patient_and_folder(tmp_path):
    source = tmp_path / 'in'
    for name in ('x/1_L-CC.png', 'x/1_L-MLO.png', 'x/2_L-CC.png', 'y/1_R-CC.png'):
        write_png(source / name)
    assert index_of(source, tmp_path) == [['1_L-CC.png', '1_L-MLO.png'], ['2_L-CC.png'], ['1_R-CC.png']]
    index = StudyIndex(tmp_path / 'index.sqlite')
    assert [dict(index.study(number).spread) for number in (1, 2, 3)] == [{'1': 2}, {'2': 1}, {'1': 2}]


def test_ids_of_images_are_never_used_twice(archive, tmp_path):
    build_index(tmp_path / 'index.sqlite', archive)
    index = StudyIndex(tmp_path / 'index.sqlite')
    used = []
    for number in range(1, index.num_studies + 1):
        study = index.study(number)
        used += range(study.first_id, study.first_id + len(study.files))
    assert used == list(range(1, len(used) + 1)) and len(used) == 14


def test_pixels_of_a_meta_image_are_with_its_header(tmp_path):
    source = tmp_path / 'in'
    source.mkdir()
    (source / '5_L-CC.raw').write_bytes(bytes(2 * 32 * 32))
    (source / '5_L-CC.mhd').write_text(
        'ObjectType = Image\nNDims = 2\nDimSize = 32 32\nElementType = MET_USHORT\nElementDataFile = 5_L-CC.raw\n'
    )
    assert MetaImage(source / '5_L-CC.mhd').data_path.name == '5_L-CC.raw'
    assert index_of(source, tmp_path) == [['5_L-CC.mhd', '5_L-CC.raw']]


def test_earlier_studies_of_a_patient_by_date(tmp_path):
    source = tmp_path / 'in'
    dates = ('20240301', '20230301', '', '20210228', '20240301', '2022-01-1')
    for number, date in enumerate(dates, 1):
        write_study(source / str(number), number, PatientID='P', StudyDate=date)
    write_study(source / '7', 7, StudyDate='20200101')  # of somebody else
    write_study(source / '8', 8, PatientID='', StudyDate='20200101')
    write_study(source / '9', 9, PatientID='', StudyDate='20240101')
    build_index(tmp_path / 'index.sqlite', source)
    index = StudyIndex(tmp_path / 'index.sqlite')
    found = {number: [(one.study.number, one.days) for one in index.earlier(number)] for number in range(1, 10)}
    of_the_last = [(2, 366), (4, 366 + 731)]  # a leap day before 1 March 2024
    assert found == {**dict.fromkeys(range(1, 10), []), 1: of_the_last, 5: of_the_last, 2: [(4, 731)]}
    assert [path.name for path in next(index.earlier(1)).study.files] == ['L-CC.dcm', 'L-MLO.dcm']
    with closing(sqlite3.connect(tmp_path / 'index.sqlite')) as database:  # not all files for each study
        plan = [row[-1] for row in database.execute(f'EXPLAIN QUERY PLAN {study_index._EARLIER}', (1,))]
    assert any('files_by_patient (patient=?)' in step for step in plan)
    assert not any(step.startswith('SCAN files') or 'AUTOMATIC' in step for step in plan), plan


def test_index_of_another_version_is_refused(archive, tmp_path):
    build_index(tmp_path / 'index.sqlite', archive)
    with closing(sqlite3.connect(tmp_path / 'index.sqlite')) as database:
        database.execute('PRAGMA user_version = 1')
    with pytest.raises(ValueError, match='begin anew, without --resume'):
        StudyIndex(tmp_path / 'index.sqlite')


def test_what_cannot_be_entered_is_listed(tmp_path):
    source = tmp_path / 'in'
    write_study(source, 1)
    (source / 'gone').symlink_to(tmp_path / 'nowhere')
    build_index(tmp_path / 'index.sqlite', source)
    problems = dict(StudyIndex(tmp_path / 'index.sqlite').problems())
    assert problems == {str(source / 'gone'): 'a link whose target does not exist'}
