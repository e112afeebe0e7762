"""The plan of the project on small phantoms: GLAM in its steps, GMIC, CAM and U-Net, trained, tested, predicting."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import reduce
from math import log10
from operator import getitem
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config

from mammo_plugins.apis.convert import convert_dataset
from mammo_plugins.apis.phantoms import make_phantoms
from mammo_plugins.apis.predict import predict
from mammo_plugins.apis.run_config import load_run_config
from mammo_plugins.apis.search import read_search, run_search
from mammo_plugins.apis.search.search_file import TrialNumber
from mammo_plugins.apis.stages import make_plan, run_stages
from mammo_plugins.evaluation import read_labels, read_predictions
from mammo_plugins.evaluation.saliency_files import read_maps
from mammo_plugins.io import read_annotations
from mammo_plugins.structures.map_findings import MapFindings

HEIGHT, WIDTH = 128, 64
PATCHES = {'glam_local': 32, 'glam_joint': 32, 'gmic': 64, 'table2_local': 32, 'table2_separate': 32}
LOADING = [
    dict(type='LoadMammogram', num_slices=1),
    dict(type='OrientCanonical'),
    dict(type='CropBreast'),
    dict(type='CutWindow', height=HEIGHT, width=WIDTH),
]
RESIZING = [*LOADING[:3], dict(type='ResizeBreast', width=WIDTH, max_length=HEIGHT), LOADING[3]]
SIDES = (HEIGHT // 4, WIDTH // 4)  # of all maps, also of those that are coarser
TESTS = ('test_global', 'test_local', 'test_separate', 'test_glam', 'test_gmic', 'test_cam', 'test_unet')


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp('glam')
    make_phantoms(folder / 'phantoms', cases=6, seed=5, size='96x64x4', split=(0.5, 0.2, 0.3), workers=1)
    convert_dataset('phantom', folder / 'phantoms', folder / 'phantoms.json', modality=['FFDM'])
    return folder


def small_options(config: str, root: Path) -> dict:
    """Overrides that make a config small and quick; CAM gets whole breasts, resized into the window."""
    name = Path(config).stem
    loading = RESIZING if name == 'cam' else LOADING
    options = {
        'default_hooks.checkpoint.save_optimizer': False,
        'train_cfg.max_iters': 1,
        'train_cfg.val_interval': 1,
        'log_level': 'WARNING',
        'train_dataloader.sampler.unit': 'case',  # every exam of so few has a finding
        'model.map_findings.min_area_px': 0,
    }
    for split in ('train', 'val', 'test'):
        options |= {
            f'{split}_dataloader.num_workers': 0,
            f'{split}_dataloader.persistent_workers': False,
            f'{split}_dataloader.batch_size': 2,
            f'{split}_dataloader.dataset.loading': loading,
            f'{split}_dataloader.dataset.ann_file': str(root / 'phantoms.json'),
            f'{split}_dataloader.dataset.data_root': '',
        }
    for split, count in (('val', 2), ('test', 3)):
        options |= {
            f'{split}_evaluator.{number}.ann_file': str(root / 'phantoms.json')
            for number in range(count - (name == 'unet'))
        }
        options[f'{split}_evaluator.{int(name != "unet")}.outdir'] = str(root / f'{split}_maps')
    if name == 'unet':
        options['model.network.features'] = [4, 4, 8, 8, 8, 4]
    if name in PATCHES:
        options |= {'model.train_patches': 2, 'model.local_module.backbone.depth': 18}
        options['model.patch_selection.patch_size'] = [PATCHES[name]] * 2
    if name not in ('glam_joint', 'gmic') and name in PATCHES:
        options['model.negative_selection.patch_size'] = [PATCHES[name]] * 2
    return options


@pytest.fixture(scope='module')
def stages(root, repository) -> dict[str, dict]:
    planned = Config.fromfile(repository / 'projects/glam/plan.py').stages
    for stage in planned:
        stage['cfg_options'] = {**small_options(stage['config'], root), **stage.get('cfg_options', {})}
    return {stage['name']: stage.to_dict() for stage in planned}


@pytest.fixture(scope='module')
def finished(stages, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp('plan')
    run_stages(make_plan(list(stages.values())), out)
    return out


def weights(finished, name):
    return torch.load(finished / name / 'iter_1.pth', weights_only=False)['state_dict']


def parts(names):
    return {name.split('.')[0] for name in names}


def test_local_step_leaves_the_global_module_as_it_was(finished):
    before, after = weights(finished, 'glam_global'), weights(finished, 'glam_local')
    assert all(torch.equal(after[name], value) for name, value in before.items())
    assert parts(set(after) - set(before)) == {'local_module'}


def test_joint_step_moves_both_modules_and_adds_attention_and_fusion(finished):
    before, after = weights(finished, 'glam_local'), weights(finished, 'glam_joint')
    assert parts(n for n, value in before.items() if not torch.equal(after[n], value)) == parts(before)
    assert parts(set(after) - set(before)) == {'aggregation', 'fusion'}


@pytest.mark.parametrize('name', TESTS)
def test_rows_of_the_tables_have_numbers_and_files(name, finished):
    numbers = json.loads((finished / name / 'metrics.json').read_text())
    kinds = ('saliency',) if name == 'test_unet' else ('view', 'saliency')
    assert {f'{kind}/{label}' for kind in kinds for label in ('benign', 'malignant')} <= {
        key.rpartition('/')[0] for key in numbers
    }
    assert 0 <= numbers['saliency/malignant/pxap_dataset'] <= 1 and 0 <= numbers['center-hit/FAUC-1'] <= 1
    if name == 'test_unet':
        check_maps(maps_of(finished, name), (HEIGHT, WIDTH))
        return
    assert 0 <= numbers['view/malignant/auc'] <= 1
    (labels,) = (finished / name).glob('*_labels.csv')
    check_labels(labels)
    check_maps(maps_of(finished, name), SIDES)


def maps_of(finished, name):
    (index,) = (finished / name).glob('*_maps/index.csv')
    return index.parent


def check_labels(labels):
    found = read_labels(labels)
    assert set(found.columns) == {'benign', 'malignant'} and found.unit == 'View'
    for values in found.columns.values():
        assert ((values > 0) & (values < 1)).all()


def check_maps(maps, sides):
    entries = list(read_maps(maps))
    assert {entry.category for entry, _ in entries} == {'benign', 'malignant'}
    for entry, saliency in entries:
        assert saliency.shape == sides and tuple(entry.covered) == (HEIGHT, WIDTH)
        assert 0 <= saliency.min() <= saliency.max() <= 1


def link_tested_images(root, folder):
    """A folder with the FFDM of the test split, without the other modalities."""
    folder.mkdir()
    annotations = read_annotations(root / 'phantoms.json').select(split='test')
    for image in annotations.images:
        path = annotations.resolve_path(image)
        (folder / f'{image.id}{path.suffix}').symlink_to(path)
    return folder


@pytest.mark.parametrize('name', ['global_module', 'local_module', 'gmic', 'cam'])
def test_search_draws_what_appendix_f_draws_into_fields_that_the_config_has(name, repository):
    search = read_search(repository / f'projects/glam/search/{name}.py')
    config = load_run_config(search.stages[0]['config'])
    found = {}
    for field, values in search.space.items():
        *path, last = field.split('.')
        assert last in reduce(getitem, path, config)
        found[last] = [log10(values['low']), log10(values['high'])] if isinstance(values, dict) else values
    assert found['lr'] == pytest.approx([-5.5, -4]) and found['loss_weight'] == pytest.approx([-5.5, -3.5])
    assert found['pool_fraction'] == [0.01, 0.02, 0.03, 0.05, 0.1, 0.2, *([1.0] if name == 'cam' else [])]
    assert search.trials == 30


def test_trial_of_the_search_is_scored_by_dice_on_the_validation_images(root, repository, tmp_path):
    path = repository / 'projects/glam/search/cam.py'
    options = small_options('cam', root)
    del options['test_evaluator.1.outdir']
    search = read_search(path, options)
    # The one patient of the validation has no benign finding.
    search = replace(search, number=TrialNumber('validation', ['saliency/malignant/soft_dice']))
    (trial,) = run_search(search, tmp_path, trials=1)
    numbers = json.loads((tmp_path / 'trials/000/validation/metrics.json').read_text())
    assert trial.value == numbers['saliency/malignant/soft_dice'] and trial.state == 'done'
    annotations = read_annotations(root / 'phantoms.json')
    validation = {image.patient_id for image in annotations.select(split='validation').images}
    entries = list(read_maps(tmp_path / 'trials/000/validation/maps'))
    assert {entry.key[0] for entry, _ in entries} == validation


def test_predict_gives_the_labels_maps_and_findings_of_the_test(stages, finished, root, tmp_path):
    stage = stages['test_glam']
    page = predict(
        link_tested_images(root, tmp_path / 'images'), config=stage['config'], out=tmp_path / 'out',
        checkpoint=finished / 'glam_joint' / 'iter_1.pth', cfg_options=stage['cfg_options'],
    ).html  # fmt: skip
    check_labels(tmp_path / 'out' / 'labels.csv')
    check_maps(tmp_path / 'out' / 'maps', SIDES)
    tested, predicted = (
        {(entry.key[::2], entry.category): saliency for entry, saliency in read_maps(folder)}
        for folder in (maps_of(finished, 'test_glam'), tmp_path / 'out' / 'maps')
    )
    assert set(tested) == set(predicted) and len(tested) == 16
    assert all(np.abs(tested[key] - predicted[key]).max() < 1e-3 for key in tested)
    assert page.is_file()
    check_findings(read_predictions(tmp_path / 'out' / 'predictions.csv'), tmp_path / 'out')


def check_findings(found, out):
    """Boxes are those of the maps on disk, in stored pixels; scores of images are their labels."""
    images = {
        (image.patient_id, image.view_name.lower()): image for image in read_annotations(out / 'images.json').images
    }
    rows = {key[::2]: number for number, key in enumerate(found.images)}
    settings = MapFindings(threshold=0.5, relative=True)
    for entry, saliency in read_maps(out / 'maps'):
        if entry.category == 'malignant':
            image, mine = images[entry.key[::2]], found.image_index == rows[entry.key[::2]]
            boxes, scores = settings.find(saliency, entry.covered, entry.homography, (image.height, image.width))
            assert sorted(found.scores[mine]) == pytest.approx(sorted(scores), abs=1e-4)
            assert sorted(found.boxes_xywh[mine, 0]) == pytest.approx(sorted(boxes[:, 0]), abs=1e-3)
    assert len(found)  # though an image may have none: what is largest in air beside it is no finding
    labels = read_labels(out / 'labels.csv').columns['malignant']
    np.testing.assert_allclose(sorted(found.image_scores), sorted(labels), atol=1e-5)
