"""Pairs whose sides are aligned, through ``mammo test`` and ``mammo predict``: what comes back lies where it was."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from PIL import Image
from scipy.ndimage import map_coordinates, zoom

from mammo_plugins.commands.main import main
from mammo_plugins.datasets.grey_values import from_grey_values
from mammo_plugins.datasets.transforms import LoadMammogram
from mammo_plugins.datasets.transforms.side_alignment import NO_NIPPLES
from mammo_plugins.evaluation import Predictions, image_key, read_predictions
from mammo_plugins.evaluation.saliency_files import SaliencyMap, read_maps
from mammo_plugins.io import read_annotations
from tests.apis.beyond_boxes.conftest import write_config
from tests.apis.beyond_boxes.test_labels_and_maps import folder_of_patient, report_data
from tests.toy_case_models import ECHO_LEVEL

_METRICS = """[
    dict(type='VolumeDetectionMetric', ann_file=images['ann_file'], modality='FFDM'),
    dict(type='SaliencyMetric', outdir='{folder}/unused', **images),
    dict(type='PictureWriter', outdir='{folder}/unused', ann_file=images['ann_file'], modality='FFDM'),
]"""
_LOADING = [dict(type='LoadMammogram', num_slices=1), dict(type='OrientCanonical'), dict(type='CropBreast')]


@pytest.fixture(name='echo', scope='module')
def echo_fixture(phantom_root, repository, tmp_path_factory) -> list[str]:
    """Config and checkpoint of a model that gives what it sees of aligned pairs, as arguments of a command."""
    folder = tmp_path_factory.mktemp('echo')
    path = write_config(folder / 'echo.py', repository, phantom_root, 'bilateral', dict(type='ToyEcho'), _METRICS)
    cfg = Config.fromfile(path)
    cfg.test_dataloader.dataset.loading = _LOADING
    cfg.test_dataloader.dataset.pipeline = [dict(type='AlignSides'), dict(type='PackCaseInputs')]
    cfg.log_level = 'INFO'
    cfg.dump(path)
    torch.save({'state_dict': {'unused': torch.zeros(1)}}, folder / 'echo.pth')
    return [str(path), str(folder / 'echo.pth')]


@pytest.fixture(name='stored', scope='module')
def stored_fixture(phantom_root) -> dict[tuple[str, str], np.ndarray]:
    return read_stored(phantom_root / 'phantoms.json')


def read_stored(ann_file: Path) -> dict[tuple[str, str], np.ndarray]:
    """Patient and view (``lcc``) to stored intensities (H, W)."""
    annotations = read_annotations(ann_file).select(modality='FFDM')
    load, found = LoadMammogram(num_slices=1), {}
    for image in annotations.images:
        path = str(annotations.resolve_path(image))
        loaded = load(dict(img_path=path, num_source_slices=1, ori_shape=(image.height, image.width)))
        found[image_key(image)[::2]] = from_grey_values(loaded['img'])[0]
    return found


def uneven_pair(stored: dict[tuple[str, str], np.ndarray], folder: Path) -> Path:
    """Both sides of a phantom as PNG, the left one larger and further down."""
    patient = min(patient for patient, _ in stored)
    folder.mkdir()
    for view, factor, down in (('R-CC', 1.0, 0), ('L-CC', 1.4, 25)):
        picture = zoom(stored[patient, view.replace('-', '').lower()], factor, order=1)
        levels = np.rint(np.pad(picture, ((down, 0), (0, 0))) * 65535).astype(np.uint16)
        Image.fromarray(levels).save(folder / f'7_{view}.png')
    return folder


def check_map(entry: SaliencyMap, seen: np.ndarray, stored: np.ndarray) -> None:
    """Each pixel of a map or picture is what is stored at its place, and less like what is half a pixel beside it."""
    x, y = entry.stored_points()

    def apart(right: float = 0, down: float = 0) -> float:
        there = map_coordinates(stored, [y + down - 0.5, x + right - 0.5], order=1, mode='grid-constant')
        return float(np.abs(there - seen).mean())

    assert apart() < 0.7 * min(apart(*step) for step in ((0.5, 0), (-0.5, 0), (0, 0.5), (0, -0.5)))


def check_maps(folder: Path, stored: dict[tuple[str, str], np.ndarray], count: int) -> None:
    entries = list(read_maps(folder))
    assert len({entry.key for entry, _ in entries}) == count
    assert {entry.homography[0, 0] > 0 for entry, _ in entries} == {True, False}  # both sides
    for entry, seen in entries:
        check_map(entry, seen, stored[entry.key[::2]])


def corners(found: Predictions, key: tuple[str, str]) -> np.ndarray:
    """(n, 4) predicted boxes of an image, by patient and view."""
    (place,) = [index for index, one in enumerate(found.images) if one[::2] == key]
    x, y, width, height = found.boxes_xywh[found.image_index == place].T
    return np.stack([x, y, x + width, y + height], axis=1)


def breast_box(stored: np.ndarray) -> np.ndarray:
    rows, columns = (np.flatnonzero((stored > ECHO_LEVEL).any(axis=axis)) for axis in (1, 0))
    return np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], float)


def run_test(echo: list[str], out: Path, *options: str) -> str:
    """What ``mammo test`` logs."""
    arguments = ['--out', str(out / 'found.csv'), '--work-dir', str(out / 'work'), *options]
    assert main(['test', *echo, *arguments]) == 0
    (log,) = (out / 'work').glob('*/*.log')
    return log.read_text()


def run_predict(echo: list[str], images: Path, out: Path, *options: str) -> int:
    config, checkpoint = echo
    arguments = ['--config', config, '--checkpoint', checkpoint, '--device', 'cpu', *options]
    return main(['predict', str(images), '--out', str(out), *arguments])


def test_what_a_test_writes_lies_in_stored_pixels_of_its_side(echo, phantom_root, stored, tmp_path):
    log = run_test(echo, tmp_path)
    assert 'predicted from' not in log  # every phantom has its nipple
    for folder in ('found_maps', 'found_pictures'):
        check_maps(tmp_path / folder, stored, len(stored))
    found = read_predictions(tmp_path / 'found.csv')
    annotations, checked = read_annotations(phantom_root / 'phantoms.json').select(modality='FFDM'), 0
    for image in annotations.images:
        truth = [one.bbox_xywh for one in annotations.findings_of(image.id) if one.category == 'malignant']
        if truth:
            x, y, width, height = np.array(truth, float).T
            expected = np.stack([x, y, x + width, y + height], axis=1)
            own = corners(found, image_key(image)[::2])
            np.testing.assert_allclose(own[np.lexsort(own.T)], expected[np.lexsort(expected.T)], atol=1e-3)
            checked += 1
    assert checked > 5


def test_pair_with_an_unknown_nipple_is_said_and_lies_where_it_was(echo, phantom_root, stored, tmp_path):
    content = json.loads((phantom_root / 'phantoms.json').read_text())
    image = next(one for one in content['images'] if one['modality'] == 'FFDM')
    image['nipple_xy'] = None
    content['info']['root'] = str((phantom_root / content['info'].get('root', '')).resolve())
    (tmp_path / 'phantoms.json').write_text(json.dumps(content))
    log = run_test(echo, tmp_path, '--ann', str(tmp_path / 'phantoms.json'))
    assert f'2 of {len(stored)} images are predicted from {NO_NIPPLES}.' in log
    check_maps(tmp_path / 'found_maps', stored, len(stored))
    found = read_predictions(tmp_path / 'found.csv')
    assert sorted(found.image_notes) == [''] * (len(stored) - 2) + [NO_NIPPLES] * 2


def test_what_predict_writes_lies_in_stored_pixels_of_its_side(echo, stored, tmp_path, capsys):
    """One breast is 1.4 times as high as the other and lies further down, so that both are scaled and one is moved."""
    assert run_predict(echo, uneven_pair(stored, tmp_path / 'in'), tmp_path / 'out') == 0
    # Files have no annotated nipples.
    assert f'2 of 2 images are predicted from {NO_NIPPLES}.' in capsys.readouterr().out
    stored = read_stored(tmp_path / 'out/images.json')
    for folder in ('maps', 'pictures'):
        check_maps(tmp_path / 'out' / folder, stored, 2)
    scales = {entry.key.view_name: entry.homography[1, 1] for entry, _ in read_maps(tmp_path / 'out/maps')}
    assert scales['rcc'] == pytest.approx(1 / scales['lcc'], rel=0.05) and scales['rcc'] > 1.1
    found = read_predictions(tmp_path / 'out/predictions.csv')
    for key in found.images:
        (own,) = corners(found, key[::2])
        np.testing.assert_allclose(own, breast_box(stored[key[::2]]), atol=1.5)
    text, data = report_data(tmp_path / 'out/report.html')
    (case,) = data['cases']
    assert f'2 of 2 images are predicted from {NO_NIPPLES}' in html.unescape(text)
    assert [view['name'] for view in case['views']] == ['R-CC', 'L-CC']
    assert all(view['pictures'] for view in case['views'])


def test_side_without_its_partner_is_left_out_and_said(echo, phantom_root, tmp_path, capsys):
    images = folder_of_patient(phantom_root, tmp_path / 'in')
    next(images.glob('L-CC*')).unlink()
    assert run_predict(echo, images, tmp_path / 'out', '--strict') == 1
    said = capsys.readouterr().out
    assert re.search(r'left out: .*R-CC\S*: case \S+/CC is missing: no left image beside rcc\n', said)
    assert {entry.key.view_name for entry, _ in read_maps(tmp_path / 'out/maps')} == {'lmlo', 'rmlo'}
    kept = ['--cfg-options', 'test_dataloader.dataset.incomplete=keep']
    assert run_predict(echo, images, tmp_path / 'kept', *kept) != 0
    assert 'incomplete="drop" where a side may be missing' in capsys.readouterr().err


def test_lone_side_is_an_error_that_says_what_is_missing(echo, phantom_root, tmp_path, capsys):
    images = folder_of_patient(phantom_root, tmp_path / 'in')
    for path in images.glob('*-MLO*'):
        path.unlink()
    next(images.glob('L-CC*')).unlink()
    assert run_predict(echo, images, tmp_path / 'out') != 0
    assert re.search(r'R-CC\S*: case \S+/CC is missing: no left image beside rcc\n', capsys.readouterr().err)
