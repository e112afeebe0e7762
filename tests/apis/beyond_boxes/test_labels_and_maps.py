"""Models that label or map images, through the commands: train, test, evaluate, predict, report."""

from __future__ import annotations

import base64
import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mammo_plugins.apis.test import evaluate_checkpoint
from mammo_plugins.commands import evaluate as evaluate_command
from mammo_plugins.commands import predict as predict_command
from mammo_plugins.commands import report as report_command
from mammo_plugins.evaluation import image_key, read_labels
from mammo_plugins.evaluation.patch_files import read_patches
from mammo_plugins.evaluation.saliency_files import read_index, read_maps
from mammo_plugins.evaluation.saliency_frames import on_image_pixels
from mammo_plugins.io import read_annotations

UNITS = {'image': 'View', 'breast': 'Side', 'bilateral': 'Pair'}


def numbers_of_command(path: Path, root: Path, out: Path) -> dict[str, dict[str, float]]:
    """Label or class to the numbers that ``mammo evaluate`` writes."""
    arguments = [str(path), '--ann', str(root / 'phantoms.json'), '--modality', 'FFDM']
    assert evaluate_command.main([*arguments, '--bootstrap', '20', '--json', str(out)]) == 0
    results = json.loads(out.read_text())['results']
    return {name: {n: e['value'] for n, e in result['metrics'].items()} for name, result in results.items()}


def assert_equal_numbers(found: dict[str, float], prefix: str, expected: dict[str, dict[str, float]]) -> None:
    pairs = [(found[f'{prefix}/{label}/{n}'], v) for label, values in expected.items() for n, v in values.items()]
    assert len(pairs) > 5
    for number, value in pairs:
        assert np.isnan(number) if value is None else number == value


def predict_patient(trained_kind: tuple[Path, Path], root: Path, out: Path, capsys) -> str:
    """What ``mammo predict`` says of the FFDM of one patient."""
    capsys.readouterr()
    config, checkpoint = trained_kind
    images = folder_of_patient(root, out.parent / 'in')
    arguments = ['--config', str(config), '--checkpoint', str(checkpoint), '--out', str(out), '--device', 'cpu']
    assert predict_command.main([str(images), *arguments]) == 0
    return capsys.readouterr().out


def folder_of_patient(root: Path, folder: Path) -> Path:
    """A folder with links to the FFDM of the first patient."""
    annotations = read_annotations(root / 'phantoms.json').select(modality='FFDM')
    patient = annotations.images[0].patient_id
    folder.mkdir()
    for image in annotations.images:
        if image.patient_id == patient:
            path = annotations.resolve_path(image)
            (folder / f'{image.view}{path.suffix}').symlink_to(path)
    return folder


def report_data(path: Path) -> tuple[str, dict]:
    text = path.read_text()
    return text, json.loads(re.search(r'id="report-data">(.*?)</script>', text).group(1))


@pytest.mark.parametrize('group_by', UNITS)
def test_labels_are_the_same_in_test_evaluate_and_predict(group_by, trained, phantom_root, tmp_path, capsys):
    config, checkpoint = trained(group_by)
    found = evaluate_checkpoint(config, checkpoint, out=tmp_path / 'labels.csv', work_dir=tmp_path)
    unit = UNITS[group_by].lower()
    assert found[f'{unit}/malignant/num_cases'] == (24 if group_by == 'image' else 12)
    expected = numbers_of_command(tmp_path / 'labels.csv', phantom_root, tmp_path / 'numbers.json')
    assert set(expected) == {'malignant', 'density'} and expected['density']['quadratic_kappa'] is not None
    one_class = group_by == 'bilateral'  # every phantom has a malignant breast
    assert (expected['malignant']['auc'] is None) == one_class
    assert_equal_numbers(found, unit, expected)

    said = predict_patient(trained(group_by), phantom_root, tmp_path / 'out', capsys)
    tested, predicted = read_labels(tmp_path / 'labels.csv'), read_labels(tmp_path / 'out' / 'labels.csv')
    place = {(key.patient_id, key.name): row for row, key in enumerate(tested.keys)}  # a release renames studies
    rows = [place[key.patient_id, key.name] for key in predicted.keys]
    assert predicted.unit == UNITS[group_by] and len(rows) == (4 if group_by == 'image' else 2)
    for name, values in predicted.columns.items():
        np.testing.assert_array_equal(values, tested.columns[name][rows])
    what = {'image': 'image', 'breast': 'breast', 'bilateral': 'pair of breasts'}[group_by]
    assert f'the model gives labels of each {what}: malignant, density (A, B, C, D) (labels.csv)\n' in said
    assert not (tmp_path / 'out' / 'predictions.csv').exists() and 'malignancy' not in said
    text, data = report_data(tmp_path / 'out' / 'report.html')
    assert f'<h3>Labels of each {what}</h3>' in text and f'<td>{predicted.columns["malignant"][0]:.3f}</td>' in text
    captions = [part['caption'] for case in data['cases'] for part in (case, *case['views'])]
    assert any(f'malignant {predicted.columns["malignant"][0]:.2f}, density ' in caption for caption in captions)


def test_maps_are_the_same_in_test_evaluate_and_predict(trained, phantom_root, tmp_path, capsys):
    config, checkpoint = trained('maps')
    found = evaluate_checkpoint(config, checkpoint, out=tmp_path / 'found.csv', work_dir=tmp_path)
    maps = tmp_path / 'found_maps'
    assert_equal_numbers(found, 'saliency', numbers_of_command(maps, phantom_root, tmp_path / 'maps.json'))
    assert_equal_numbers(
        found, 'view', numbers_of_command(tmp_path / 'found.csv', phantom_root, tmp_path / 'labels.json')
    )
    assert 0 < found['saliency/malignant/pxap_dataset'] < 1 and len(read_index(maps)) == 48

    said = predict_patient(trained('maps'), phantom_root, tmp_path / 'out', capsys)
    assert 'the model gives saliency maps of each image: malignant, any (maps/)' in said
    assert 'the model gives labels of each image: malignant (labels.csv)' in said
    tested = {(entry.key[::2], entry.category): (entry, saliency) for entry, saliency in read_maps(maps)}
    predicted = list(read_maps(tmp_path / 'out' / 'maps'))
    assert len(predicted) == 8
    for entry, saliency in predicted:
        of_test, expected = tested[entry.key[::2], entry.category]  # by patient and view
        np.testing.assert_array_equal(saliency, expected)
        np.testing.assert_array_equal(entry.homography, of_test.homography)
        assert entry.covered == of_test.covered
        x, y = entry.stored_points()
        assert -1 < x.min() < x.max() < 65 and -1 < y.min() < y.max() < 97  # phantoms of 64 x 96 pixels

    _, data = report_data(tmp_path / 'out' / 'report.html')
    views = [view for case in data['cases'] for view in case['views']]
    assert layer_names(views) == [[('', 'malignant'), ('', 'any'), ('inverse', 'malignant'), ('inverse', 'any')]] * 4
    assert [[patch['text'] for patch in view['patches']] for view in views] == [
        ['patch 1, attention 0.75', 'patch 2, attention 0.25']
    ] * 4
    assert 'the model gives further saliency maps of each image: malignant, any (maps/inverse/)' in said
    assert 'the model gives the patches of each image that it looked at closely (maps/patches.csv)' in said


def layer_names(views: list[dict]) -> list[list[tuple[str, str]]]:
    return [[(overlay['map'], overlay['class']) for overlay in view['saliency']] for view in views]


def test_patches_lie_in_stored_pixels_of_either_breast(trained, phantom_root, tmp_path, capsys):
    predict_patient(trained('maps'), phantom_root, tmp_path / 'out', capsys)
    patches = read_patches(tmp_path / 'out' / 'maps')
    for entry, saliency in read_maps(tmp_path / 'out' / 'maps'):
        if entry.category == 'malignant':
            first, second = [patch for patch in patches if patch.key == entry.key]
            x, y = (points[np.unravel_index(saliency.argmax(), saliency.shape)] for points in entry.stored_points())
            left, top, right, bottom = first.box_xyxy
            assert left < x < right and top < y < bottom
            near_edge = x - left if entry.key.view_name.startswith('l') else right - x  # right breasts were mirrored
            assert 0 < near_edge < (right - left) / 4  # a patch begins at the cell, and is four of them wide
            assert (first.number, first.weight, second.number, second.weight) == (1, 0.75, 2, 0.25)
    assert {patch.key.view_name[0] for patch in patches} == {'l', 'r'} and len(patches) == 8


def test_maps_and_patches_of_several_studies_are_in_one_folder(trained, phantom_root, tmp_path, capsys):
    config, checkpoint = trained('maps')
    annotations = read_annotations(phantom_root / 'phantoms.json').select(modality='FFDM')
    patients = list(dict.fromkeys(image.patient_id for image in annotations.images))[:2]
    for image in annotations.images:
        if image.patient_id in patients:
            path = annotations.resolve_path(image)
            link = tmp_path / 'in' / image.patient_id / f'{image.view}{path.suffix}'
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(path)
    arguments = ['--config', str(config), '--checkpoint', str(checkpoint), '--device', 'cpu']
    assert predict_command.main([str(tmp_path / 'in'), *arguments, '--out', str(tmp_path / 'out')]) == 0
    said = capsys.readouterr().out
    assert said.count('the model gives further saliency maps of each image: malignant, any (maps/inverse/)') == 1
    maps = tmp_path / 'out' / 'maps'
    assert len(list(read_maps(maps))) == len(list(read_maps(maps / 'inverse'))) == 16
    patches = read_patches(maps)
    assert [patch.number for patch in patches] == [1, 2] * 8
    assert {patch.key.patient_id for patch in patches} == set(patients)
    assert {patch.key for patch in patches} == {entry.key for entry in read_index(maps)}
    # A model that gives less leaves nothing of this behind.
    config, checkpoint = trained('image')
    arguments = ['--config', str(config), '--checkpoint', str(checkpoint), '--device', 'cpu']
    assert predict_command.main([str(tmp_path / 'in'), *arguments, '--out', str(tmp_path / 'out')]) == 0
    assert read_patches(maps) == [] and not list(maps.rglob('*.csv')) and not list(maps.rglob('*.png'))


def test_maps_of_stored_pixels_are_as_large_as_the_images(trained, phantom_root, tmp_path):
    config, checkpoint = trained('maps')
    images = folder_of_patient(phantom_root, tmp_path / 'in')
    arguments = [str(images), '--config', str(config), '--checkpoint', str(checkpoint), '--device', 'cpu']
    assert predict_command.main([*arguments, '--out', str(tmp_path / 'cells')]) == 0
    assert predict_command.main([*arguments, '--out', str(tmp_path / 'pixels'), '--map-grid', 'image']) == 0
    for folder in ('maps', 'maps/inverse'):
        cells = list(read_maps(tmp_path / 'cells' / folder))
        pixels = list(read_maps(tmp_path / 'pixels' / folder))
        assert len(cells) == len(pixels) == 8
        for (entry, saliency), (of_pixels, stored) in zip(cells, pixels):
            assert stored.shape == of_pixels.covered == (96, 64) and (of_pixels.homography == np.eye(3)).all()
            np.testing.assert_array_equal(stored, on_image_pixels(entry, saliency, (96, 64))[1])
            assert (stored == 0).any() and stored.max() == saliency.max()


def test_image_without_its_partner_is_named(trained, phantom_root, tmp_path, capsys):
    config, checkpoint = trained('bilateral')
    images = folder_of_patient(phantom_root, tmp_path / 'in')
    next(images.glob('L-CC*')).unlink()
    arguments = ['--config', str(config), '--checkpoint', str(checkpoint), '--out', str(tmp_path / 'out')]
    assert predict_command.main([str(images), *arguments, '--device', 'cpu', '--strict']) == 1
    said = capsys.readouterr().out
    assert re.search(r'left out: .*R-CC\S*: case \S+/CC is missing: no left image beside rcc\n', said)
    assert '1 pairs of breasts predicted, 1 files left out' in said
    assert len(read_labels(tmp_path / 'out' / 'labels.csv').keys) == 1


@pytest.fixture(scope='module', name='tested')
def tested_fixture(trained, tmp_path_factory) -> Path:
    """A folder with ``found.csv`` (labels of images) and ``found_maps``."""
    folder = tmp_path_factory.mktemp('tested')
    evaluate_checkpoint(*trained('maps'), out=folder / 'found.csv', work_dir=folder)
    return folder


def write_report(paths: list[str], root: Path, out: Path) -> tuple[str, list[dict]]:
    """The text of the page, and its views."""
    truth = ['--ann', str(root / 'phantoms.json'), '--modality', 'FFDM']
    assert report_command.main([*paths, *truth, '--cases', '2', '--out', str(out)]) == 0
    text, data = report_data(out)
    return text, [view for case in data['cases'] for view in case['views']]


def test_report_of_labels_shows_the_confusion_matrix_and_cases(tested, phantom_root, tmp_path):
    text, views = write_report([f'M={tested / "found.csv"}'], phantom_root, tmp_path / 'report.html')
    found = numbers_of_confusion(tested / 'found.csv', phantom_root, tmp_path / 'numbers.json')
    assert '<h3>M: malignant of each view</h3>' in text and '<th scope="col">called present</th>' in text
    for name, (absent, present) in zip(('absent', 'present'), found):
        assert f'<th scope="row">{name}</th><td>{absent}</td><td>{present}</td>' in text
    assert len(views) == 4 and all(re.fullmatch(r'FFDM, malignant 0\.\d\d', view['caption']) for view in views)


def numbers_of_confusion(path: Path, root: Path, out: Path) -> list[list[int]]:
    numbers_of_command(path, root, out)
    return json.loads(out.read_text())['results']['malignant']['confusion']


def test_report_of_maps_lays_them_where_the_model_saw_them(tested, phantom_root, tmp_path):
    maps = tested / 'found_maps'
    text, views = write_report([f'A={maps}', f'B={maps}'], phantom_root, tmp_path / 'report.html')
    assert 'pxap_dataset' in text and "default-src 'none'" in text
    sources = ('A', 'A inverse', 'B', 'B inverse')
    names = [(source, category) for source in sources for category in ('malignant', 'any')]
    assert layer_names(views) == [names] * 4
    annotations = read_annotations(phantom_root / 'phantoms.json').select(modality='FFDM')
    stored = {str(entry.key): (entry, saliency) for entry, saliency in read_maps(maps) if entry.category == 'any'}
    first = next(i for i in annotations.images if str(i.view) == views[0]['name'] and i.labels['malignant'])
    entry, saliency = stored[str(image_key(first))]
    shown = opacity(views[0]['saliency'][1]['picture'])
    of_image = [patch for patch in read_patches(maps) if patch.key == entry.key]
    assert [patch['text'] for patch in views[0]['patches']] == [
        f'{name} patch {number}' for name in 'AB' for number in ('1, attention 0.75', '2, attention 0.25')
    ]
    for patch, drawn in zip(of_image, views[0]['patches']):
        assert drawn['box'] == pytest.approx(patch.box_xyxy, abs=0.01)  # stored upright, hung as stored
    assert shown.shape == (first.height, first.width)
    x, y = (points.astype(int) for points in entry.stored_points())
    inside = (x >= 0) & (x < first.width - 1) & (y >= 0) & (y < first.height - 1)
    # Phantoms are stored upright, and reports hang breasts as they are stored.
    assert np.abs(shown[y[inside], x[inside]] / 255 - saliency[inside]).max() < 0.1
    assert shown.max() > 0 and (shown == 0).any()  # air that was cut off has no saliency


def test_further_maps_that_are_given_by_name_are_scored_and_shown_once(tested, phantom_root, tmp_path):
    maps = tested / 'found_maps'
    text, views = write_report([f'A={maps}', f'B={maps / "inverse"}'], phantom_root, tmp_path / 'report.html')
    assert '<th scope="row">B</th>' in text
    assert layer_names(views) == [[(name, category) for name in 'AB' for category in ('malignant', 'any')]] * 4


def test_all_kinds_make_one_page(tested, phantom_root, tmp_path):
    annotations = read_annotations(phantom_root / 'phantoms.json').select(modality='FFDM')
    lines = ['PatientID,StudyUID,View,X,Width,Y,Height,Z,Depth,Score']
    lines += [
        ','.join([*image_key(image)[:3], '20', '10', '30', '10', '0', '0', '0.75']) for image in annotations.images
    ]
    (tmp_path / 'boxes.csv').write_text('\n'.join(lines) + '\n')
    paths = [f'maps={tested / "found_maps"}', f'labels={tested / "found.csv"}', f'boxes={tmp_path / "boxes.csv"}']
    text, views = write_report(paths, phantom_root, tmp_path / 'report.html')
    assert '<h3>Labels</h3>' in text and '<h3>Saliency maps</h3>' in text and 'R@0.25 (mm3d)' in text
    assert [[one['score'] for one in view['predictions']] for view in views] == [[0.75]] * 4
    assert all(view['saliency'] and 'malignant 0.' in view['caption'] for view in views)


def opacity(url: str) -> np.ndarray:
    encoded = base64.b64decode(url.removeprefix('data:image/png;base64,'))
    return np.asarray(Image.open(io.BytesIO(encoded)).convert('RGBA'))[..., 3]
