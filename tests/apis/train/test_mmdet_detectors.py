"""Ready configs of mmdet's detectors train a step, test and predict on phantoms."""

from __future__ import annotations

from pathlib import Path

import pytest

from mammo_plugins.apis.evaluate import evaluate_predictions_file
from mammo_plugins.apis.evaluate.scoring_options import ScoringOptions
from mammo_plugins.apis.predict import predict
from mammo_plugins.apis.test import evaluate_checkpoint
from mammo_plugins.apis.train import train
from mammo_plugins.evaluation.predictions_csv import read_predictions
from mammo_plugins.io import read_annotations
from mammo_plugins.structures import SliceBins
from tests.apis.conftest import quick_options

LOADING = [
    dict(type='LoadMammogram', num_slices=1),
    dict(type='OrientCanonical'),
    dict(type='CropBreast'),
    dict(type='ResizeBreast', width=64, max_length=96),
]
RESNET = {
    'backbone.depth': 18,
    'backbone.base_channels': 8,
    'backbone.frozen_stages': -1,
    'backbone.init_cfg': None,
    'neck.in_channels': [8, 16, 32, 64],
}
# Three levels: norms in training want two values, and the coarsest of five has one in so small an image.
EFFICIENTDET = {
    'backbone.pretrained': False,
    'neck.num_cells': 1,
    'neck.num_levels': 3,
    'bbox_head.num_convs': 1,
    'bbox_head.num_levels': 3,
    'bbox_head.anchor_generator': dict(
        type='AnchorGenerator', octave_base_scale=4, scales_per_octave=3, ratios=[1.0, 0.5, 2.0], strides=[8, 16, 32]
    ),
}
SPLITS = ('train', 'val', 'test')
SMALL = {  # what makes each detector fit a test
    'fcos': RESNET,
    'retinanet': RESNET,
    'atss': RESNET,
    'faster_rcnn': {**RESNET, 'roi_head.bbox_head.fc_out_channels': 32, 'test_cfg.rcnn.max_per_img': 10},
    'rtmdet': {
        'backbone.deepen_factor': 0.167,
        'backbone.widen_factor': 0.125,
        'neck.in_channels': [32, 64, 128],
        'neck.out_channels': 32,
        'neck.num_csp_blocks': 1,
        'bbox_head.in_channels': 32,
        'bbox_head.feat_channels': 32,
    },
    'dino': {
        **RESNET,
        'neck.in_channels': [16, 32, 64],
        'num_queries': 20,
        'encoder.num_layers': 1,
        'decoder.num_layers': 1,
        'test_cfg.max_per_img': 10,
    },
    'efficientdet_d0': EFFICIENTDET,
}


def options(root: Path, name: str, loading: list[dict] = LOADING, **changes: object) -> dict[str, object]:
    loader = {'num_workers': 0, 'persistent_workers': False, 'dataset.loading': loading}
    loaders = {f'{split}_dataloader.{key}': value for split in SPLITS for key, value in loader.items()}
    model = {f'model.detector.{key}': value for key, value in SMALL[name].items()}
    return quick_options(root, **loaders, **model, **{'train_cfg.val_interval': 100}, **changes)


@pytest.mark.parametrize('name', SMALL)
def test_ready_config_takes_a_step_tests_and_predicts(name, phantom_root, tmp_path):
    config, ann_file = f'configs/{name}_ffdm.py', phantom_root / 'phantoms.json'
    runner = train(config, work_dir=tmp_path, ann_file=ann_file, cfg_options=options(phantom_root, name))
    assert runner.iter == 1 and len(runner.train_dataloader.dataset.get_data_info(0)['views']) == 1
    tested = dict(ann_file=ann_file, work_dir=tmp_path, cfg_options=options(phantom_root, name))
    numbers = evaluate_checkpoint(config, tmp_path / 'iter_1.pth', out=tmp_path / 'predictions.csv', **tested)
    scoring = ScoringOptions(ann_file, ['mm3d'], split='test', modality='FFDM')
    results = evaluate_predictions_file(tmp_path / 'predictions.csv', scoring)
    assert results['mm3d'].metrics()['R@0.5'].value == pytest.approx(numbers['mm3d/R@0.5'])
    assert results['mm3d'].breast_auc.value == pytest.approx(numbers['breast_auc'])
    annotations = read_annotations(ann_file)
    run = predict(
        annotations.resolve_path(annotations.select(modality='FFDM').images[0]),
        config=config,
        checkpoint=tmp_path / 'iter_1.pth',
        out=tmp_path / 'predicted',
        device='cpu',
        cfg_options=options(phantom_root, name),
    )
    assert len(run.malignancy) == 1 and 0 < next(iter(run.malignancy.values())) < 1


@pytest.mark.parametrize('num_slices', [1, 4], ids=['projection', 'slice by slice'])
def test_ready_config_reads_tomosynthesis(num_slices, phantom_root, tmp_path):
    ann_file = phantom_root / 'phantoms.json'
    loading = [dict(type='LoadMammogram', num_slices=num_slices), *LOADING[1:]]
    modality = {f'{split}_dataloader.dataset.modality': 'DBT' for split in SPLITS}
    modality |= {f'{split}_evaluator.modality': 'DBT' for split in ('val', 'test')}
    changes = options(phantom_root, 'fcos', loading, **modality)
    run = dict(work_dir=tmp_path, ann_file=ann_file, cfg_options=changes)
    assert train('configs/fcos_ffdm.py', **run).iter == 1
    numbers = evaluate_checkpoint('configs/fcos_ffdm.py', tmp_path / 'iter_1.pth', out=tmp_path / 'found.csv', **run)
    results = evaluate_predictions_file(
        tmp_path / 'found.csv', ScoringOptions(ann_file, ['mm3d'], split='test', modality='DBT')
    )
    assert results['mm3d'].metrics()['R@0.5'].value == pytest.approx(numbers['mm3d/R@0.5'])
    found = read_predictions(tmp_path / 'found.csv')
    volumes = read_annotations(ann_file).select(modality='DBT', split='test').images
    bins = [SliceBins.at_most(volume.num_slices, num_slices) for volume in volumes]
    middles = {each.middle(index) for each in bins for index in range(each.num_bins)}
    assert set(found.slices.astype(int).tolist()) <= middles
