"""A view in two modalities of one study: test, evaluate, report and predict, which tell them apart by Modality."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest

from mammo_plugins.apis.train import train
from mammo_plugins.commands import evaluate, predict, report
from mammo_plugins.commands import test as test_command
from mammo_plugins.io import read_annotations, write_annotations
from tests.apis.conftest import quick_options

SETTINGS = """
_base_ = ['{base}']
pairs = dict(
    group_by='modalities',
    modality=['SM', 'FFDM'],
    loading=[dict(type='LoadMammogram', num_slices=1), dict(type='OrientCanonical')],
    pipeline=[dict(type='ShareGrid', width=48, max_length=96), dict(type='PackCaseInputs')],
)
train_dataloader = dict(dataset=pairs)
val_dataloader = dict(dataset=pairs)
test_dataloader = dict(dataset=pairs)
val_evaluator = dict(modality=['SM', 'FFDM'], protocols=['mm3d-2d'])
test_evaluator = dict(modality=['SM', 'FFDM'], protocols=['mm3d-2d'])
"""


def read_rows(path: Path) -> list[dict[str, str]]:
    with open(path, newline='') as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope='module')
def run(phantom_root, tmp_path_factory) -> Path:
    """A folder with a config that reads SM and FFDM of a view as one case, weights of it, and its test's CSV."""
    root = tmp_path_factory.mktemp('pairs')
    base = (Path(__file__).parents[2] / 'configs/demo/mnm_ffdm.py').as_posix()
    (root / 'pairs.py').write_text(SETTINGS.format(base=base))
    train(root / 'pairs.py', work_dir=root, cfg_options=quick_options(phantom_root))
    options = [f'{name}={value!r}' for name, value in quick_options(phantom_root).items() if name.startswith('test')]
    arguments = [str(root / 'pairs.py'), str(root / 'iter_1.pth'), '--out', str(root / 'found.csv')]
    assert test_command.main([*arguments, '--work-dir', str(root / 'test'), '--cfg-options', *options]) == 0
    return root


@pytest.fixture(scope='module')
def ann_file(phantom_root) -> Path:
    """The images of both modalities alone, beside the whole file."""
    whole = read_annotations(phantom_root / 'phantoms.json')
    write_annotations(phantom_root / 'sm_ffdm.json', whole.select(modality=['SM', 'FFDM']))
    return phantom_root / 'sm_ffdm.json'


def test_rows_of_the_test_name_the_modality_of_each_image(run, ann_file):
    found = {(row['PatientID'], row['View'], row['Modality']) for row in read_rows(run / 'found.csv')}
    images = read_annotations(ann_file).select(split='test').images
    assert found == {(image.patient_id, image.view_name, image.modality) for image in images}
    assert {modality for _, _, modality in found} == {'SM', 'FFDM'}


@pytest.mark.parametrize('modality', ['FFDM', 'SM', None])
def test_file_is_scored_for_one_modality_or_both(run, ann_file, tmp_path, modality):
    chosen = ['--modality', modality, '--lenient'] if modality else []
    out = tmp_path / 'scores.json'
    arguments = [str(run / 'found.csv'), '--ann', str(ann_file), '--split', 'test', '--protocol', 'mm3d-2d']
    assert evaluate.main([*arguments, *chosen, '--json', str(out)]) == 0
    counts = json.loads(out.read_text())['results']['mm3d-2d']['counts']
    images = read_annotations(ann_file).select(split='test', modality=modality).images
    rows = [row for row in read_rows(run / 'found.csv') if modality in (None, row['Modality']) and row['Score']]
    assert (counts['images'], counts['predictions']) == (len(images), len(rows)) and rows


def test_rows_without_modality_are_refused_by_name_where_two_images_fit(run, ann_file, tmp_path, capsys):
    rows = read_rows(run / 'found.csv')
    with open(tmp_path / 'nameless.csv', 'w', newline='') as file:
        writer = csv.DictWriter(file, [name for name in rows[0] if name != 'Modality'], extrasaction='ignore')
        writer.writeheader()
        writer.writerows(row for row in rows if row['Modality'] == 'SM')
    arguments = [str(tmp_path / 'nameless.csv'), '--ann', str(ann_file), '--split', 'test', '--protocol', 'mm3d-2d']
    assert evaluate.main(arguments) == 2
    assert 'of which FFDM and SM are evaluated' in capsys.readouterr().err
    assert evaluate.main([*arguments, '--modality', 'SM']) == 0


def test_report_shows_a_case_with_findings_of_both(run, ann_file, tmp_path):
    page = tmp_path / 'report.html'
    arguments = [str(run / 'found.csv'), '--ann', str(ann_file), '--split', 'test', '--protocol', 'mm3d-2d']
    assert report.main([*arguments, '--out', str(page), '--cases', '1']) == 0
    assert page.stat().st_size > 10_000


def test_prediction_of_both_in_one_folder(run, ann_file, tmp_path):
    annotations = read_annotations(ann_file)
    first = annotations.images[0]
    files = [image for image in annotations.images if image.patient_id == first.patient_id]
    for image in files:
        path = annotations.resolve_path(image)
        (tmp_path / 'own').mkdir(exist_ok=True)
        shutil.copy(path, tmp_path / 'own' / f'{image.modality}{image.view}.dcm')
    arguments = ['--config', str(run / 'pairs.py'), '--checkpoint', str(run / 'iter_1.pth'), '--device', 'cpu']
    assert predict.main([str(tmp_path / 'own'), *arguments, '--out', str(tmp_path / 'out')]) == 0
    found = {(row['View'], row['Modality']) for row in read_rows(tmp_path / 'out' / 'predictions.csv')}
    assert found == {(image.view_name, image.modality) for image in files} and len(found) == len(files)
