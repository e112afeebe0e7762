"""Matched lesions as mmengine scores them."""

import pytest
import torch
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData

from mammo_plugins.evaluation.metrics import LesionPairMetric
from mammo_plugins.io.coco_volume import AnnotationSet, FindingRecord, ImageRecord, write_annotations
from mammo_plugins.structures.case_sample import MammoCaseSample

A_CC, B_CC, A_MLO, B_MLO = (10, 10, 20, 20), (50, 50, 20, 20), (12, 30, 20, 20), (60, 70, 16, 16)


@pytest.fixture(name='ann_file')
def ann_file_fixture(tmp_path):
    def image(number, view, patient, **labels):
        return ImageRecord(
            number, f'{number}.png', 100, 100, 1, patient, 's', view, 'FFDM', split='test', labels=labels
        )

    images = [
        image(1, 'L-CC', 'p1'), image(2, 'L-MLO', 'p1'), image(3, 'L-CC', 'p2'), image(4, 'L-MLO', 'p2'),
        image(5, 'L-CC', 'p3', malignant=1), image(6, 'L-MLO', 'p3', malignant=1),
    ]  # fmt: skip
    findings = [
        FindingRecord(1, 'malignant', A_CC, lesion_id='a', attributes={'type': 'mass'}),
        FindingRecord(1, 'benign', B_CC, lesion_id='b', attributes={'type': 'mass'}),
        FindingRecord(2, 'malignant', A_MLO, lesion_id='a', attributes={'type': 'mass'}),
        FindingRecord(2, 'benign', B_MLO, lesion_id='b', attributes={'type': 'mass'}),
    ]
    path = tmp_path / 'ann.json'
    write_annotations(path, AnnotationSet(images, findings, {'root': '.'}))
    return path


def case(first_id, *views):
    sample = MammoCaseSample(metainfo=dict(group_by='breast'))
    sample.views = [DetDataSample(metainfo=dict(image_id=first_id + n)) for n, _ in enumerate(views)]
    for view, found in zip(sample.views, views):
        boxes = torch.tensor([box for box, _ in found], dtype=torch.float32).reshape(-1, 4)
        boxes[:, 2:] += boxes[:, :2]
        view.pred_instances = InstanceData(bboxes=boxes, lesions=torch.tensor([n for _, n in found]).long())
    return sample


def score(ann_file, *cases, **options):
    metric = LesionPairMetric(ann_file, **options)
    metric.process(None, cases)
    return {name.split('/')[-1]: value for name, value in metric.evaluate(len(cases)).items()}


CROSSED = case(1, [(A_CC, 1), (B_CC, 2), ((0, 80, 9, 9), 0)], [(A_MLO, 1), ((0, 0, 9, 9), 2), (B_MLO, 0)])


def test_masses_of_any_class(ann_file):
    found = score(ann_file, CROSSED, case(3, [((5, 5, 9, 9), 1)], [((5, 5, 9, 9), 1)]), classes=['mass'])
    assert (found['num_lesions'], found['num_detected'], found['num_matched']) == (2, 2, 1)
    assert (found['recall'], found['recall_of_detected'], found['num_false_pairs']) == (0.5, 0.5, 2)
    assert found['false_pairs_per_breast'] == 1


def test_only_malignant_findings_count_by_default(ann_file):
    found = score(ann_file, CROSSED)
    assert (found['num_lesions'], found['recall'], found['num_false_pairs']) == (1, 1.0, 1)


def test_breasts_without_all_boxes_or_views_are_left_out(ann_file):
    found = score(ann_file, case(5, [((5, 5, 9, 9), 1)], [((5, 5, 9, 9), 1)]), case(1, [(A_CC, 0)]))
    assert found['num_breasts'] == 0 and found['recall'] != found['recall']


def test_model_that_does_not_match_is_an_error(ann_file):
    sample = case(1, [], [])
    del sample.views[0].pred_instances.lesions
    with pytest.raises(ValueError, match='image 1 has no pred_instances.lesions'):
        LesionPairMetric(ann_file).process(None, [sample])


def test_pairs_with_embeddings_are_decisions(ann_file, tmp_path):
    """Of 2 x 2 pairs of the masses a and b, one is lost: the MLO box of b has no embedding."""
    breast = case(1, [(A_CC, 1), (B_CC, 0)], [(A_MLO, 1), ((0, 0, 9, 9), 0), (B_MLO, 0)])
    first, second = (view.pred_instances for view in breast.views)
    first.lesion_embeddings = torch.tensor([[0.0, 0.0], [0.0, 3.0]])
    second.lesion_embeddings = torch.tensor([[0.6, 0.0], [0.0, 2.5], [torch.nan, torch.nan]])
    found = score(ann_file, breast, classes=['mass'], outfile=tmp_path / 'pairs.csv')
    # a and a at 0.6: right. b and the box of nothing at 0.5: wrong. Both others are far: right.
    assert (found['accuracy'], found['accuracy_matched'], found['accuracy_unmatched']) == (0.75, 1.0, 2 / 3)
    assert found['balanced_accuracy'] == pytest.approx(5 / 6)
    lines = (tmp_path / 'pairs.csv').read_text().splitlines()
    assert lines[0] == 'PatientID,StudyUID,Side,Distance,Same' and len(lines) == 5
    assert lines[1].startswith('p1,s,L,0.6') and lines[1].endswith(',1')
