from __future__ import annotations

import numpy as np
import pytest
import torch
from mmdet.registry import METRICS
from mmdet.structures import DetDataSample
from mmengine.evaluator import Evaluator

from mammo_plugins.apis.evaluate import ScoringOptions
from mammo_plugins.apis.evaluate.saliency_folder import evaluate_saliency_folder
from mammo_plugins.evaluation.metrics import SaliencyMetric
from mammo_plugins.evaluation.patch_files import read_patches
from mammo_plugins.evaluation.saliency_files import read_maps
from mammo_plugins.io import read_annotations, write_annotations
from mammo_plugins.structures.sample_predictions import store_further_saliency, store_patches


@pytest.fixture(name='ann_file')
def ann_file_fixture(tmp_path, build_annotations):
    images = {f'p{p}/s1/lcc': 'malignant' if p < 2 else '' for p in range(3)}
    findings = [(f'p{p}/s1/lcc', (200, 400, 240, 320), 'malignant', 0, None) for p in range(2)]
    write_annotations(tmp_path / 'ann.json', build_annotations(images, findings, num_slices=1, modality='FFDM'))
    return tmp_path / 'ann.json'


def predicted_views(ann_file):
    views = []
    for image in read_annotations(ann_file).images:
        meta = {'image_id': image.id, 'img_shape': (200, 100), 'homography_matrix': np.diag([0.1, 0.1, 1])}
        view = DetDataSample(metainfo=meta)
        torch.manual_seed(image.id)
        view.set_field({name: torch.rand(50, 25) for name in ('malignant', 'any')}, 'pred_saliency')
        views.append(view)
    return views


def evaluate(metric, views):
    evaluator = Evaluator(metric)
    for view in views:
        evaluator.process([view])
    return evaluator.evaluate(len(views))


@pytest.mark.parametrize('grid', ['map', 'image'])
def test_numbers_equal_those_of_the_written_folder(grid, ann_file, tmp_path):
    config = {'type': 'SaliencyMetric', 'ann_file': ann_file, 'outdir': tmp_path / 'maps', 'bootstrap': 10}
    metrics = evaluate(METRICS.build(config | {'grid': grid}), predicted_views(ann_file))
    results = evaluate_saliency_folder(tmp_path / 'maps', ScoringOptions(ann_file, bootstrap=10), grid=grid)
    assert set(results) == {'malignant', 'any', 'all classes'}
    for category, result in results.items():
        for name, number in result.numbers.items():
            assert metrics[f'saliency/{category}/{name}'] == number.value
    assert 0 < metrics['saliency/malignant/dice'] < 1
    assert len(list((tmp_path / 'maps').glob('*.png'))) == 6


def test_further_maps_and_patches_are_written_beside_those_that_are_scored(ann_file, tmp_path):
    views = predicted_views(ann_file)
    store_further_saliency(views[0], 'global', {'any': torch.full((5, 5), 0.5)})
    store_patches(views[1], torch.tensor([[10, 20, 30, 40], [50, 60, 70, 80]]), torch.tensor([0.25, 0.75]))
    store_patches(views[2], torch.tensor([[10, 20, 30, 40]]))
    scored = evaluate(SaliencyMetric(ann_file, tmp_path / 'maps'), [*views, views[0]])
    assert scored == evaluate(SaliencyMetric(ann_file, tmp_path / 'plain'), predicted_views(ann_file))
    ((entry, saliency),) = read_maps(tmp_path / 'maps' / 'global')
    assert (str(entry.key), entry.category, saliency.shape) == ('p0/s1/lcc', 'any', (5, 5))
    np.testing.assert_allclose(saliency, 0.5, atol=1e-5)
    found = [(str(patch.key), patch.number, patch.box_xyxy, patch.weight) for patch in read_patches(tmp_path / 'maps')]
    assert found == [
        ('p1/s1/lcc', 1, (100, 200, 300, 400), 0.25),
        ('p1/s1/lcc', 2, (500, 600, 700, 800), 0.75),
        ('p2/s1/lcc', 1, (100, 200, 300, 400), None),
    ]
    evaluate(SaliencyMetric(ann_file, tmp_path / 'maps'), predicted_views(ann_file))  # a model that has neither
    assert read_patches(tmp_path / 'maps') == [] and not (tmp_path / 'maps' / 'global' / 'index.csv').exists()


def test_padded_samples_count_once(ann_file, tmp_path):
    views = predicted_views(ann_file)
    assert evaluate(SaliencyMetric(ann_file, tmp_path / 'a'), [*views, views[0]]) == evaluate(
        SaliencyMetric(ann_file, tmp_path / 'b'), views
    )


def test_view_without_what_a_map_needs_is_refused(ann_file, tmp_path):
    for missing in ('homography_matrix', 'img_shape', 'pred_saliency'):
        view = predicted_views(ann_file)[0]
        delattr(view, missing)
        with pytest.raises(ValueError, match=f'has no {missing}'):
            SaliencyMetric(ann_file, tmp_path).process(None, [view])
