from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mammo_plugins.commands.report import main
from mammo_plugins.io import AnnotationSet, FindingRecord, ImageRecord, write_annotations

ROOT = Path(__file__).parents[3]
HEADER = 'PatientID,StudyUID,View,X,Width,Y,Height,Z,Depth,Score'
SIDES = {1: 'R-CC', 2: 'L-CC', 3: 'L-CC'}


@pytest.fixture(name='files')
def files_fixture(tmp_path):
    """Three breasts as 16-bit PNG: a malignant right one, a normal one, and one whose file is gone."""
    images = []
    for number, view in SIDES.items():
        pixels = np.zeros((60, 40), np.uint16)
        pixels[5:55, slice(20, 40) if view == 'R-CC' else slice(0, 20)] = 30000
        folder = tmp_path / f'p{number}'
        folder.mkdir()
        if number != 3:
            Image.fromarray(pixels).save(folder / f'0_{view}.png')
        labels = {'malignant': int(number == 1), 'benign': 0}
        images.append(
            ImageRecord(number, f'p{number}/0_{view}.png', 40, 60, 1, f'p{number}', 's1', view, 'FFDM', labels=labels)
        )
    finding = FindingRecord(1, 'malignant', (22, 10, 8, 10), 0, attributes={'type': 'mass'})
    write_annotations(tmp_path / 'ann.json', AnnotationSet(images, [finding], {'root': ''}))
    (tmp_path / 'first.csv').write_text(f'{HEADER}\np1,s1,rcc,23,8,10,10,0,1,0.75\np2,s1,lcc,3,8,10,10,0,1,0.25\n')
    (tmp_path / 'second.csv').write_text(f'{HEADER}\n')
    return tmp_path


def run(files, *arguments):
    return main([*arguments, '--ann', str(files / 'ann.json'), '--out', str(files / 'report.html')])


def embedded(files):
    text = (files / 'report.html').read_text()
    return text, json.loads(re.search(r'id="report-data">(.*?)</script>', text).group(1))


def test_report_holds_every_model_and_readable_case(files, capsys):
    assert run(files, f'M&M={files / "first.csv"}', str(files / 'second.csv')) == 0
    assert f'report: {files / "report.html"}' in capsys.readouterr().out
    text, data = embedded(files)
    for expected in ('M&amp;M', 'second', 'R@0.25 (mm3d)', 'Breast AUC', '3 images of 3 breasts (1 malignant)'):
        assert expected in text
    assert [(case['id'], case['label']) for case in data['cases']] == [
        ('p1 / s1 / R', 'malignant'),
        ('p2 / s1 / L', 'not malignant'),
    ]
    assert 'Case p3 / s1 / L is not shown: ' in text and '0_L-CC.png' in text


def test_boxes_lie_on_breasts_as_they_are_hung(files):
    run(files, str(files / 'first.csv'))
    right, left = (case['views'][0] for case in embedded(files)[1]['cases'])
    assert right['truth'][0]['box'] == [22, 10, 30, 20]  # the chest wall of a right breast is at the right
    assert right['predictions'][0] == {
        'box': [23, 10, 31, 20], 'slice': 0, 'score': 0.75, 'weights': None, 'hit': True, 'lesion': '', 'location': '',
    }  # fmt: skip
    assert left['predictions'][0]['box'] == [3, 10, 11, 20] and left['predictions'][0]['hit'] is False


def test_no_case_may_be_wanted(files):
    run(files, str(files / 'first.csv'), '--cases', '0')
    text, data = embedded(files)
    assert data['cases'] == [] and 'is not shown' not in text


def test_two_files_of_one_name_must_be_named(files, capsys):
    assert run(files, str(files / 'first.csv'), str(files / 'first.csv')) == 2
    assert "two predictions are called 'first'" in capsys.readouterr().err


def test_bad_predictions_are_named(files, capsys):
    (files / 'first.csv').write_text(f'{HEADER}\np9,s1,lcc,1,1,1,1,0,1,0.5\n')
    assert run(files, str(files / 'first.csv')) == 2
    assert 'p9/s1/lcc, which is not among the 3 evaluated' in capsys.readouterr().err
    assert not (files / 'report.html').exists()


def test_command_imports_neither_torch_nor_openmmlab():
    code = (
        'import sys, mammo_plugins.commands.report; '
        'print([name for name in ("torch", "mmengine", "mmcv", "mmdet") if name in sys.modules])'
    )
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == '[]'


def test_rows_left_out_do_not_shift_the_findings_of_the_cases(files):
    header, *rows = (files / 'first.csv').read_text().splitlines()
    stranger = 'p9,s1,lcc,1,2,1,2,0,1,0.9'
    (files / 'stranger.csv').write_text('\n'.join([header, stranger, *rows]) + '\n')
    found = []
    for name in ('first', 'stranger'):
        assert run(files, f'M&M={files / name}.csv', '--lenient') == 0
        found.append([view['predictions'] for case in embedded(files)[1]['cases'] for view in case['views']])
    assert found[0] == found[1] and found[0][0]


def test_matched_lesions_are_letters(files):
    rows = 'p1,s1,rcc,23,8,10,10,0,1,0.75,28\np2,s1,lcc,3,8,10,10,0,1,0.25,\np2,s1,lcc,3,9,10,10,0,1,0.2,2\n'
    (files / 'matched.csv').write_text(f'{HEADER},MatchedLesion\n{rows}')
    run(files, str(files / 'matched.csv'))
    views = [case['views'][0] for case in embedded(files)[1]['cases']]
    assert [[found['lesion'] for found in view['predictions']] for view in views] == [['AB'], ['', 'B']]
