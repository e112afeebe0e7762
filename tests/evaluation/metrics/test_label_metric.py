from __future__ import annotations

import numpy as np
import pytest
from mmdet.registry import METRICS
from mmdet.structures import DetDataSample
from mmengine.evaluator import Evaluator

from mammo_plugins.apis.evaluate import ScoringOptions
from mammo_plugins.apis.evaluate.labels_file import evaluate_labels_file
from mammo_plugins.evaluation import read_labels
from mammo_plugins.evaluation.metrics import LabelMetric
from mammo_plugins.evaluation.metrics.label_metric import labels_of_samples, read_sample_labels
from mammo_plugins.io import read_annotations, write_annotations
from mammo_plugins.structures.case_sample import MammoCaseSample

IMAGES = {
    f'p{p}/s1/{v}': 'malignant' if p < 3 and v[0] == 'l' else '' for p in range(6) for v in ('lcc', 'lmlo', 'rcc')
}


@pytest.fixture(name='ann_file')
def ann_file_fixture(tmp_path, build_annotations):
    write_annotations(tmp_path / 'ann.json', build_annotations(IMAGES, num_slices=1, modality='FFDM'))
    return tmp_path / 'ann.json'


def predicted_cases(ann_file, seed=0):
    rng, cases = np.random.default_rng(seed), []
    images = read_annotations(ann_file).images
    for breast in dict.fromkeys(image.breast_id for image in images):
        case = MammoCaseSample(metainfo={'group_by': 'breast'})
        case.views = [DetDataSample(metainfo={'image_id': i.id}) for i in images if i.breast_id == breast]
        for part in (case, *case.views):
            part.set_field({'malignant': float(rng.random())}, 'pred_labels')
        cases.append(case)
    return cases


def evaluate(metric, cases):
    evaluator = Evaluator(metric)
    for start in range(0, len(cases), 2):
        evaluator.process(cases[start : start + 2])
    return evaluator.evaluate(len(cases))


def test_numbers_equal_those_of_the_written_files(ann_file, tmp_path):
    config = {'type': 'LabelMetric', 'ann_file': ann_file, 'bootstrap': 20, 'outfile': tmp_path / 'labels.csv'}
    metrics = evaluate(METRICS.build(config), predicted_cases(ann_file))
    for unit, cases in (('view', 18), ('side', 12)):
        path = tmp_path / f'labels_{unit}.csv'
        result = evaluate_labels_file(path, ScoringOptions(ann_file, bootstrap=20))['malignant']
        for name, number in result.numbers.items():
            assert metrics[f'{unit}/malignant/{name}'] == number.value
        assert metrics[f'{unit}/malignant/num_cases'] == cases
        assert 0 < metrics[f'{unit}/malignant/auc'] < 1


def test_samples_seen_twice_count_once(ann_file):
    cases = predicted_cases(ann_file)
    assert evaluate(LabelMetric(ann_file), [*cases, *cases[:2]]) == evaluate(LabelMetric(ann_file), cases)


def test_single_images_need_no_case(ann_file, tmp_path):
    views = [view for case in predicted_cases(ann_file) for view in case.views]
    metrics = evaluate(LabelMetric(ann_file, outfile=tmp_path / 'labels.csv'), views)
    assert metrics['view/malignant/num_cases'] == len(read_labels(tmp_path / 'labels.csv').keys) == 18


def test_sample_without_labels_and_image_of_another_split_are_refused(ann_file):
    with pytest.raises(ValueError, match='have pred_labels'):
        LabelMetric(ann_file).process(None, [DetDataSample(metainfo={'image_id': 1})])
    with pytest.raises(ValueError, match="labels of image 1, which is not in .* with split='train'"):
        evaluate(LabelMetric(ann_file, split='train'), predicted_cases(ann_file))


def test_breast_of_several_cases_has_their_mean_and_a_repeated_case_counts_once(ann_file, tmp_path):
    ids = [image.id for image in read_annotations(ann_file).images if image.patient_id == 'p0'][:2]
    cases = []
    for views, labels in (
        (ids, {'malignant': 0.25, 'birads=1': 1, 'birads=5': 0}),
        (ids[:1], {'malignant': 0.75, 'birads=1': 0.5, 'birads=5': 0.5}),
    ):
        case = MammoCaseSample(metainfo={'group_by': 'breast'})
        case.views = [DetDataSample(metainfo={'image_id': number}) for number in views]
        case.pred_labels = labels
        cases.append(case)
    samples = [read_sample_labels(case) for case in (*cases, cases[0])]
    (labels,) = labels_of_samples(samples, read_annotations(ann_file))
    assert (labels.unit, [str(key) for key in labels.keys]) == ('Side', ['p0/s1/L'])
    assert labels.columns == {'malignant': [0.5], 'birads=1': [0.75], 'birads=5': [0.25]}


def test_of_paired_modalities_the_wanted_image_is_scored():
    case = MammoCaseSample(metainfo={'group_by': 'modalities'})
    case.views = [DetDataSample(metainfo={'image_id': n, 'modality': m}) for n, m in ((1, 'SM'), (2, 'FFDM'))]
    case.pred_labels = {'malignant': 0.5}
    assert read_sample_labels(case, 'FFDM')['image_ids'] == [2]
    assert read_sample_labels(case)['image_ids'] == [1, 2] and read_sample_labels(case)['unit'] == 'View'
