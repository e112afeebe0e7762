"""Earlier studies of a patient beside the study that was predicted."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.uid import UltrasoundImageStorage

from mammo_plugins.apis.predict import earlier_studies
from mammo_plugins.commands.main import main

from .conftest import write_study

pytestmark = pytest.mark.slow  # the models are trained


def _cases(page: Path) -> list[dict]:
    return json.loads(re.search(r'id="report-data">(.*?)</script>', page.read_text(), re.DOTALL).group(1))['cases']


@pytest.fixture(name='source')
def source_fixture(tmp_path) -> Path:
    """Three studies of a patient, and one of somebody else."""
    source = tmp_path / 'in'
    for number, date in enumerate(('20240301', '20230301', '20200101'), 1):
        write_study(source / str(number), number, PatientID='P', StudyDate=date)
    write_study(source / '4', 4, StudyDate='20190101')
    return source


def test_pages_show_the_study_before_without_dates(source, mapper, tmp_path):
    out = tmp_path / 'out'
    options = ['--config', mapper['config'], '--checkpoint', mapper['checkpoint'], '--device', 'cpu']
    assert main(['predict', str(source), '--out', str(out), *options]) == 0
    pages = sorted((out / 'studies').glob('*/report.html'))
    shown = [[(one['study'][-1], one['daysEarlier'], one['label']) for one in _cases(page)] for page in pages]
    assert [[entry[:2] for entry in cases] for cases in shown] == [
        [('1', None), ('1', None), ('2', 366)],  # a case an image; of earlier ones, a breast
        [('2', None), ('2', None), ('3', 1155)],
        [('3', None)] * 2,
        [('4', None)] * 2,
    ]
    assert all(label == 'earlier' for cases in shown for _, days, label in cases if days is not None)
    assert not any(date in page.read_text() for page in pages for date in ('20240301', '20230301', '20200101'))
    predicted = (out / 'labels.csv').read_text()
    assert main(['predict', str(source), '--out', str(out), '--priors', '0', *options]) == 0
    assert (out / 'labels.csv').read_text() == predicted
    assert all(one['daysEarlier'] is None for page in pages for one in _cases(page))


def test_what_is_wrong_with_an_earlier_study_is_said_and_stops_nothing(source, mapper, tmp_path, monkeypatch):
    real = earlier_studies.describe_files

    def describe(files, *others):
        if dcmread(files[0], stop_before_pixels=True).StudyInstanceUID.endswith('47112'):
            raise RuntimeError('/home/somebody')
        return real(files, *others)

    monkeypatch.setattr(earlier_studies, 'describe_files', describe)
    out = tmp_path / 'out'
    options = ['--config', mapper['config'], '--checkpoint', mapper['checkpoint'], '--device', 'cpu']
    assert main(['predict', str(source), '--out', str(out), *options]) == 0
    page = min((out / 'studies').glob('*/report.html'))
    assert [one['daysEarlier'] for one in _cases(page)] == [None, None, 1521]  # the one before that
    assert 'The study 366 days earlier is not shown: RuntimeError' in page.read_text()
    assert '/home/somebody' not in page.read_text()


def test_studies_without_a_mammogram_are_no_priors(source, mapper, tmp_path):
    for file in (source / '2').iterdir():
        dataset = dcmread(file)
        dataset.Modality, dataset.SOPClassUID = 'US', UltrasoundImageStorage
        dataset.file_meta.MediaStorageSOPClassUID = UltrasoundImageStorage
        dataset.save_as(file)
    out = tmp_path / 'out'
    options = ['--config', mapper['config'], '--checkpoint', mapper['checkpoint'], '--device', 'cpu']
    main(['predict', str(source), '--out', str(out), *options])
    page = min((out / 'studies').glob('*/report.html'))
    assert [one['daysEarlier'] for one in _cases(page)] == [None, None, 1521]


def test_number_of_priors_is_not_negative(source, mapper, tmp_path, capsys):
    options = ['--config', mapper['config'], '--checkpoint', mapper['checkpoint'], '--priors', '-1']
    assert main(['predict', str(source), '--out', str(tmp_path / 'out'), *options]) == 2
    assert '--priors is -1: expected 0 or more' in capsys.readouterr().err
