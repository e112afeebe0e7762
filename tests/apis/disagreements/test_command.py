"""``mammo disagreements`` on phantoms: an SM model, an FFDM model and a fused one that reads SM, by hand."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from mammo_plugins.commands.main import main
from mammo_plugins.io import AnnotationSet, read_annotations

HEADER = 'PatientID,StudyUID,View,X,Width,Y,Height,Z,Depth,Score'
MODELS = {'SM': 'SM', 'FFDM': 'FFDM', 'Fused': 'SM'}


def row(image, box, score):
    x, y, width, height = box
    return f'{image.patient_id},{image.study_uid},{image.view_name},{x},{width},{y},{height},0,1,{score}'


def write_model(path: Path, annotations: AnnotationSet, modality: str, scores: dict[str, float], false: float) -> None:
    """A model that gives the findings of a breast side a score, and has a false positive in each left view.

    In validation every image has a false positive of 0.5 and one of 0.3, so that 0.5 is the threshold at 1 an image.
    """
    lines = [HEADER]
    for image in annotations.select(modality=modality, split='validation').images:
        lines += [row(image, (1, 1, 4, 4), 0.5), row(image, (1, 1, 3, 3), 0.3)]
    for image in annotations.select(modality=modality, split='test').images:
        for finding in annotations.findings_of(image.id):
            if finding.category == 'malignant':
                lines.append(row(image, finding.bbox_xywh, scores[image.view_key.position.value]))
        if image.view.startswith('L'):
            lines.append(row(image, (1, 1, 4, 4), false))
    path.write_text('\n'.join(lines) + '\n')


@pytest.fixture(scope='module')
def files(phantom_root, tmp_path_factory) -> Path:
    """SM finds lesions in CC, FFDM in MLO, Fused in both; SM has false positives at, FFDM below the threshold."""
    folder = tmp_path_factory.mktemp('disagreements')
    annotations = read_annotations(phantom_root / 'phantoms.json')
    write_model(folder / 'sm.csv', annotations, 'SM', {'CC': 0.9, 'MLO': 0.4}, 0.5)
    write_model(folder / 'ffdm.csv', annotations, 'FFDM', {'CC': 0.2, 'MLO': 0.6}, 0.49)
    write_model(folder / 'fused.csv', annotations, 'SM', {'CC': 0.7, 'MLO': 0.7}, 0.9)
    return folder


def run(files, phantom_root, *arguments, modality=('SM=SM', 'FFDM=FFDM', 'Fused=SM')):
    named = [f'{name}={files / name.lower()}.csv' for name in MODELS]
    given = [*named, '--ann', str(phantom_root / 'phantoms.json'), '--protocol', 'mm3d-2d', *map(str, arguments)]
    return main(['disagreements', *given, *(['--modality', *modality] if modality else [])])


def test_counts_are_those_of_the_predictions(files, phantom_root, tmp_path, capsys):
    assert run(files, phantom_root, '--json', tmp_path / 'out.json') == 0
    content = json.loads((tmp_path / 'out.json').read_text())
    assert [(model['name'], model['modality'], model['threshold']) for model in content['models']] == [
        (name, modality, 0.5) for name, modality in MODELS.items()
    ]
    annotations = read_annotations(phantom_root / 'phantoms.json').select(modality='SM', split='test')
    views = [
        annotations.image(finding.image_id).view_key.position.value
        for finding in annotations.findings
        if finding.category == 'malignant'
    ]
    assert {'CC', 'MLO'} == set(views)
    patterns = {tuple(row['found_by']): row['count'] for row in content['lesions']['patterns'] if row['count']}
    assert patterns == {('SM', 'Fused'): views.count('CC'), ('FFDM', 'Fused'): views.count('MLO')}
    assert content['lesions']['missed'] == {'SM': views.count('MLO'), 'FFDM': views.count('CC'), 'Fused': 0}
    left = sum(image.view.startswith('L') for image in annotations.images)
    seen = {tuple(row['seen_by']): row['views'] for row in content['false_positives']['patterns'] if row['views']}
    assert seen == {('SM', 'Fused'): left, (): len(annotations.images) - left}
    assert content['false_positives']['total'] == {'SM': left, 'FFDM': 0, 'Fused': left}
    assert content['settings']['predictions'] == {'SM': 'sm.csv', 'FFDM': 'ffdm.csv', 'Fused': 'fused.csv'}
    assert len(content['each_lesion']) == len(views) and not content['left_out']
    screen = capsys.readouterr().out
    assert 'found by SM and Fused, missed by FFDM' in screen and 'its threshold is 0.5' in screen


def test_page_shows_each_model_of_some_lesions(files, phantom_root, tmp_path):
    page = tmp_path / 'page.html'
    assert run(files, phantom_root, '--html', page, '--examples', 2) == 0
    text = page.read_text()
    buckets = dict(
        re.findall(
            r'<section class="bucket" id="[^"]*"><h2>([^<]*) <small>[^<]*</small></h2>(.*?)</section>', text, re.S
        )
    )
    assert list(buckets) == [
        'Found by SM and Fused, missed by FFDM',
        'Found by FFDM and Fused, missed by SM',
        'False positives of SM and Fused',
    ]
    for title, content in buckets.items():
        examples = content.split('<article')[1:]
        assert 1 <= len(examples) <= 2
        for example in examples:
            assert re.findall('<figcaption><strong>([^<]*)', example) == list(MODELS)
            states = re.findall('<figure class="panel *([a-z]*)"', example)
            if title.startswith('Found'):
                assert states == ['found' if name in title.split(',')[0] else 'missed' for name in MODELS]
                assert example.count('box truth') >= 3 and 'box hit' in example and 'box below' in example
            else:
                assert states == [''] * 3 and example.count('box false') == 2
    assert 'src="http' not in text and str(phantom_root) not in text


def test_two_models_of_one_modality_give_four_buckets(files, phantom_root, tmp_path):
    arguments = [f'{files}/sm.csv', f'{files}/fused.csv', '--ann', str(phantom_root / 'phantoms.json')]
    out = ['--modality', 'SM', '--protocol', 'mm3d-2d', '--json', str(tmp_path / 'out.json')]
    assert main(['disagreements', *arguments, *out]) == 0
    patterns = json.loads((tmp_path / 'out.json').read_text())['lesions']['patterns']
    assert [(row['found_by'], row['missed_by']) for row in patterns] == [
        (['sm', 'fused'], []), (['sm'], ['fused']), (['fused'], ['sm']), ([], ['sm', 'fused'])
    ]  # fmt: skip
    assert [row['count'] > 0 for row in patterns] == [True, False, True, False]


def test_threshold_may_come_from_a_file_of_its_own(files, phantom_root, tmp_path):
    lines = (files / 'sm.csv').read_text().splitlines()
    (tmp_path / 'sm.csv').write_text('\n'.join(line.replace(',0.5', ',0.45') for line in lines) + '\n')
    out = tmp_path / 'out.json'
    assert run(files, phantom_root, '--threshold-from', f'SM={tmp_path / "sm.csv"}', '--json', out) == 0
    assert [model['threshold'] for model in json.loads(out.read_text())['models']] == [0.45, 0.5, 0.5]


def test_distances_are_measured_on_the_grid_that_is_named(files, phantom_root, tmp_path, capsys):
    assert run(files, phantom_root, '--protocol', 'center-hit', '--hit-pixels-of', 'FFDM') == 0
    assert 'distances in pixels of the FFDM image' in capsys.readouterr().out
    assert run(files, phantom_root, '--hit-pixels-of', 'FFDM') == 2
    assert 'mm3d-2d measure none' in capsys.readouterr().err


def test_column_modality_tells_what_a_model_reads(files, phantom_root, tmp_path, capsys):
    for name, modality in MODELS.items():
        header, *lines = (files / f'{name.lower()}.csv').read_text().splitlines()
        rows = [f'{header},Modality', *(f'{line},{modality}' for line in lines)]
        (tmp_path / f'{name.lower()}.csv').write_text('\n'.join(rows) + '\n')
    assert run(tmp_path, phantom_root, modality=()) == 0
    assert 'FFDM reads FFDM' in capsys.readouterr().out


@pytest.mark.parametrize(
    ('arguments', 'modality', 'sentence'),
    [
        ([], (), 'may speak of DBT, FFDM, SM images: say what SM reads, --modality SM=MODALITY'),
        ([], ('SM=SM', 'FFDM=SM', 'Fused=CT'), "'CT' is none of FFDM, SM, DBT"),
        ([], ('SM=SM', 'other=SM'), '--modality other=SM: expected NAME=VALUE, once for a model of SM, FFDM, Fused'),
        (['--threshold-split', 'test'], ('SM',), 'chosen on the compared split (test) says nothing'),
        (['--threshold-split', 'train'], ('SM',), 'nothing is predicted of the'),
        (['--threshold-from', 'sm.csv'], ('SM',), '--threshold-from sm.csv: expected NAME=VALUE'),
        (['--examples', '-1'], ('SM',), '0 examples of a bucket or more, got -1'),
        (['--threshold-fp', '-1'], ('SM',), 'must be at least 0'),
    ],
)
def test_wrong_usage_is_told_in_a_sentence(arguments, modality, sentence, files, phantom_root, capsys):
    assert run(files, phantom_root, *arguments, modality=modality) == 2
    error = capsys.readouterr().err
    assert error.startswith('error: ') and sentence in error


def test_images_that_the_file_does_not_know_are_refused(files, phantom_root, tmp_path, capsys):
    for name in ('sm', 'ffdm', 'fused'):
        shutil.copy(files / f'{name}.csv', tmp_path)
    with (tmp_path / 'ffdm.csv').open('a') as file:
        file.write('nobody,s1,lcc,1,4,1,4,0,1,0.9\n')
    assert run(tmp_path, phantom_root) == 2
    assert 'nobody/s1/lcc is no FFDM image' in capsys.readouterr().err
    assert run(tmp_path, phantom_root, '--lenient') == 0


def test_image_that_cannot_be_read_gives_its_place_to_another(files, phantom_root, tmp_path):
    shutil.copytree(phantom_root / 'phantoms', tmp_path / 'phantoms')
    shutil.copy(phantom_root / 'phantoms.json', tmp_path)
    annotations = read_annotations(tmp_path / 'phantoms.json')
    images = {finding.image_id for finding in annotations.findings if finding.category == 'malignant'}
    broken = next(i for i in annotations.select(modality='FFDM', split='test').images if i.id in images)
    annotations.resolve_path(broken).write_bytes(b'broken')
    assert run(files, tmp_path, '--html', tmp_path / 'page.html', '--examples', 50) == 0
    text = (tmp_path / 'page.html').read_text()
    assert 'Not shown: ' in text and '<article' in text and str(tmp_path) not in text
