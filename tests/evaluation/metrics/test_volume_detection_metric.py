from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import mmengine
import numpy as np
import pytest
import torch
import torch.distributed
from mmdet.registry import METRICS
from mmdet.structures import DetDataSample
from mmengine.evaluator import Evaluator
from mmengine.structures import InstanceData

from mammo_plugins.apis.evaluate import ScoringOptions, evaluate_predictions_file
from mammo_plugins.apis.evaluate.predictions_file import evaluate_subgroups_file
from mammo_plugins.apis.run_config import leave_process_group
from mammo_plugins.evaluation.metrics import VolumeDetectionMetric
from mammo_plugins.io import AnnotationSet, read_annotations, write_annotations
from mammo_plugins.structures.case_sample import MammoCaseSample
from tests.warm_processes import start_process

IMAGES = {
    f'p{p}/s1/{view}': 'malignant' if p < 3 and view[0] == 'l' else ''
    for p in range(6)
    for view in ('lcc', 'lmlo', 'rcc')
}
FINDINGS = [
    (name, (100.5, 80.25, 61.5, 47.75), 'malignant', 20, (16, 24))
    for name, label in IMAGES.items()
    if label and not name.startswith('p2')
]


@pytest.fixture(name='ann_file')
def ann_file_fixture(tmp_path, build_annotations):
    path = tmp_path / 'annotations.json'
    write_annotations(path, build_annotations(IMAGES, FINDINGS))
    return path


def predict(image, rng, count=8):
    """A view as the detector returns it: float32 boxes around the place of the findings, some of them equal."""
    corner = torch.tensor(rng.normal([100, 80], 12, (count, 2)), dtype=torch.float32)
    boxes = torch.cat([corner, corner + torch.tensor(rng.normal([60, 48], 5, (count, 2)), dtype=torch.float32)], 1)
    boxes[-1], scores = boxes[-2], torch.tensor(rng.random(count), dtype=torch.float32)
    scores[-1] = scores[-2]
    slices = torch.tensor(rng.integers(10, 30, count))
    slices[-1] = slices[-2]
    view = DetDataSample(metainfo={'image_id': image.id, 'view': image.view})
    view.pred_instances = InstanceData(bboxes=boxes, scores=scores, slices=slices, labels=torch.zeros(count).long())
    view.pred_malignancy = float(rng.random())
    return view


def predicted_cases(ann_file, seed=0):
    images, rng = read_annotations(ann_file).images, np.random.default_rng(seed)
    cases = []
    for breast in dict.fromkeys(image.breast_id for image in images):
        case = MammoCaseSample()
        case.views = [predict(image, rng) for image in images if image.breast_id == breast]
        cases.append(case)
    return cases


def evaluate(metric, cases, batch_size=2):
    evaluator = Evaluator(metric)
    for start in range(0, len(cases), batch_size):
        evaluator.process(cases[start : start + batch_size])
    return evaluator.evaluate(len(cases))


def test_numbers_equal_those_of_the_written_csv_to_the_last_digit(ann_file, tmp_path):
    csv_file = tmp_path / 'predictions.csv'
    metric = VolumeDetectionMetric(ann_file, bootstrap=50, seed=3, outfile=csv_file)
    metrics = evaluate(metric, predicted_cases(ann_file))
    results = evaluate_predictions_file(csv_file, ScoringOptions(ann_file, bootstrap=50, seed=3))
    for protocol, result in results.items():
        for name, number in result.numbers.items():
            assert metrics[f'{protocol}/{name}'] == number.value
            assert metrics[f'{protocol}/{name}_se'] == number.standard_error
    auc = results['mm3d'].breast_auc
    assert (metrics['breast_auc'], metrics['breast_auc_se']) == (auc.value, auc.standard_error)
    assert 0 < metrics['mm3d/R@0.5'] < 1 and 0 < metrics['breast_auc'] < 1  # a trivial case would prove nothing


@pytest.mark.parametrize('threshold', [0.5, 0.9, 2])
def test_score_threshold_leaves_metric_and_csv_equal(ann_file, tmp_path, threshold):
    cases = predicted_cases(ann_file)
    complete = evaluate(VolumeDetectionMetric(ann_file), cases)
    for view in (view for case in cases for view in case.views):
        view.pred_instances = view.pred_instances[view.pred_instances.scores >= threshold]
    metrics = evaluate(VolumeDetectionMetric(ann_file, outfile=tmp_path / 'predictions.csv'), cases)
    results = evaluate_predictions_file(tmp_path / 'predictions.csv', ScoringOptions(ann_file))
    assert metrics['mm3d/R@0.5'] == results['mm3d'].numbers['R@0.5'].value
    assert metrics['breast_auc'] == results['mm3d'].breast_auc.value == complete['breast_auc']
    assert 0 < metrics['breast_auc'] < 1
    by_view, _ = evaluate_subgroups_file(tmp_path / 'predictions.csv', ScoringOptions(ann_file), 'view')
    assert by_view['CC']['mm3d'].counts['images'] == 12


def test_counts_say_what_the_numbers_rest_on(ann_file):
    metrics = evaluate(
        METRICS.build({'type': 'VolumeDetectionMetric', 'ann_file': ann_file}), predicted_cases(ann_file)
    )
    assert set(metrics) == {
        'mm3d/R@0.25', 'mm3d/R@0.5', 'mm3d/z_error_slices', 'mm3d-2d/R@0.25', 'mm3d-2d/R@0.5', 'mm3d-2d/z_error_slices',
        'breast_auc', 'breast_auc_se', 'breast_ap', 'breast_sensitivity_at_0.9_specificity',
        'breast_specificity_at_0.9_sensitivity',
        'num_breasts', 'num_images', 'num_findings', 'num_unannotated_images',
    }  # fmt: skip
    counts = [metrics[f'num_{name}'] for name in ('breasts', 'images', 'findings', 'unannotated_images')]
    assert counts == [12, 18, 4, 2]


def test_prefix_stands_before_every_name(ann_file):
    metrics = evaluate(VolumeDetectionMetric(ann_file, prefix='test'), predicted_cases(ann_file))
    assert all(name.startswith('test/') for name in metrics)


def test_samples_seen_twice_count_once(ann_file):
    cases = predicted_cases(ann_file)
    metric = VolumeDetectionMetric(ann_file)
    assert evaluate(metric, [*cases, *cases[:3]]) == evaluate(VolumeDetectionMetric(ann_file), cases)
    assert metric.results == []


def test_other_labels_are_left_out(ann_file):
    cases = predicted_cases(ann_file)
    before = evaluate(VolumeDetectionMetric(ann_file), cases)
    for case in cases:
        for view in case.views:
            found = view.pred_instances
            benign = found.clone()
            benign.labels, benign.scores = found.labels + 1, found.scores * 0 + 1
            view.pred_instances = InstanceData.cat([found, benign])
    assert evaluate(VolumeDetectionMetric(ann_file), cases) == before


def test_single_image_samples_of_mmdet_need_no_case(tmp_path, build_annotations):
    path = tmp_path / 'ffdm.json'
    finding = ('p1/s1/lcc', (100, 80, 60, 48), 'malignant', None, None)
    write_annotations(path, build_annotations({'p1/s1/lcc': 'malignant', 'p2/s1/lcc': ''}, [finding], 1, 'FFDM'))
    found = InstanceData(
        bboxes=torch.tensor([[100.0, 80, 160, 128]]), scores=torch.tensor([0.5]), labels=torch.tensor([0])
    )
    samples = [DetDataSample(metainfo={'img_id': i}, pred_instances=found[: 2 - i]) for i in (1, 2)]
    metrics = evaluate(VolumeDetectionMetric(path, modality='FFDM'), samples)
    assert (metrics['mm3d/R@0.25'], metrics['breast_auc']) == (1, 1)


@pytest.mark.parametrize(('pixels_of', 'expected'), [('own', 1), ('FFDM', 0), (None, 1)])
def test_distances_are_measured_on_the_grid_that_the_config_names(tmp_path, build_annotations, pixels_of, expected):
    path = tmp_path / 'pairs.json'
    finding = ('p1/s1/lcc', (480, 480, 40, 40), 'malignant', None, None)
    synthetic = build_annotations({'p1/s1/lcc': 'malignant'}, [finding], 1, 'SM')
    exposed = replace(synthetic.images[0], id=2, modality='FFDM', width=2000, height=4000)  # half as long pixels
    write_annotations(path, AnnotationSet([*synthetic.images, exposed], synthetic.findings, {'root': ''}))
    found = InstanceData(
        bboxes=torch.tensor([[550.0, 490, 570, 510]]), scores=torch.tensor([0.5]), labels=torch.tensor([0])
    )  # 60 pixels beside the finding, 120 of the FFDM
    metric = METRICS.build(
        dict(
            type='VolumeDetectionMetric',
            ann_file=path,
            modality='SM',
            protocols=['center-hit'],
            hit_pixels_of=pixels_of,
        )
    )
    metrics = evaluate(metric, [DetDataSample(metainfo={'img_id': 1}, pred_instances=found)])
    assert metrics['center-hit/FAUC-1'] == metrics['center-hit/FAUC-1 (positive images)'] == expected


def test_volume_without_slices_is_refused(ann_file):
    cases = predicted_cases(ann_file)
    del cases[0].views[0].pred_instances.slices
    with pytest.raises(ValueError, match='p0/s1/lcc is predicted without slices'):
        evaluate(VolumeDetectionMetric(ann_file), cases)


@pytest.mark.parametrize('missing', ['image_id', 'pred_instances'])
def test_sample_without_what_is_needed_is_refused(ann_file, missing):
    case = predicted_cases(ann_file)[0]
    delattr(case.views[0], missing)
    with pytest.raises(ValueError, match=f'has no {missing}'):
        VolumeDetectionMetric(ann_file).process(None, [case.to_dict()])


def test_predictions_of_another_split_are_refused(ann_file):
    with pytest.raises(ValueError, match=r"image 1, which is not in .* split='train'.*18 such images"):
        evaluate(VolumeDetectionMetric(ann_file, split='train'), predicted_cases(ann_file))


def test_one_class_gives_nan_instead_of_an_error(tmp_path, build_annotations):
    path = tmp_path / 'normal.json'
    write_annotations(path, build_annotations({'p1/s1/lcc': '', 'p2/s1/lcc': ''}))
    metrics = evaluate(VolumeDetectionMetric(path), predicted_cases(path))
    assert np.isnan(metrics['breast_auc']) and np.isnan(metrics['mm3d/R@0.25'])


def test_unknown_protocol_is_refused_when_built():
    with pytest.raises(ValueError, match="unknown protocol 'coco-4d'"):
        VolumeDetectionMetric('annotations.json', protocols=['coco-4d'])


def evaluate_one_rank(rank, store, ann_file, folder):
    """Each of two processes predicts every second breast, as mmengine's sampler deals them, the last one padded."""
    torch.distributed.init_process_group(
        'gloo', init_method=f'file://{store}', rank=rank, world_size=2, timeout=timedelta(seconds=120)
    )
    cases = predicted_cases(ann_file)[:-1]  # an odd number: the second process gets the first breast again
    mine = [*cases, cases[0]][rank::2]
    metric = VolumeDetectionMetric(ann_file, outfile=folder / 'predictions.csv', collect_dir=folder / 'gather')
    evaluator = Evaluator(metric)
    evaluator.process(mine)
    mmengine.dump(evaluator.evaluate(len(cases)), folder / f'rank{rank}.json')
    leave_process_group()


@pytest.mark.skipif(not torch.distributed.is_gloo_available(), reason='this torch has no gloo')
def test_two_processes_give_the_numbers_of_one(ann_file, tmp_path):
    ranks = [start_process(evaluate_one_rank, rank, tmp_path / 'store', ann_file, tmp_path) for rank in range(2)]
    for rank in ranks:
        rank.join()
    expected = evaluate(VolumeDetectionMetric(ann_file, outfile=tmp_path / 'one.csv'), predicted_cases(ann_file)[:-1])
    assert [mmengine.load(tmp_path / f'rank{rank}.json') for rank in range(2)] == [expected, expected]
    assert (tmp_path / 'predictions.csv').read_text() == (tmp_path / 'one.csv').read_text()


@pytest.mark.parametrize(
    ('classes', 'given', 'kept'),
    [
        (('benign', 'malignant'), None, 1),
        (('malignant', 'benign'), None, 0),
        (('mass', 'calcification'), 1, 1),
        (('mass',), None, 0),
    ],
)
def test_class_called_malignant_is_scored(ann_file, classes, given, kept):
    metric = VolumeDetectionMetric(ann_file, malignant_label=given)
    metric.dataset_meta = dict(classes=classes)
    view = DetDataSample(metainfo={'image_id': 1})
    labels, scores = torch.tensor([0, 1]), torch.tensor([0.25, 0.75])
    view.pred_instances = InstanceData(bboxes=torch.ones(2, 4), scores=scores, labels=labels)
    metric.process(None, [view])
    assert metric.results[0][0]['scores'].tolist() == [scores[kept]]


def test_several_classes_of_which_none_is_malignant_need_a_choice(ann_file):
    metric = VolumeDetectionMetric(ann_file)
    metric.dataset_meta = dict(classes=('mass', 'calcification'))
    view = DetDataSample(metainfo={'image_id': 1})
    view.pred_instances = InstanceData(bboxes=torch.ones(1, 4), scores=torch.ones(1), labels=torch.zeros(1))
    with pytest.raises(ValueError, match='set malignant_label of the evaluator'):
        metric.process(None, [view])
