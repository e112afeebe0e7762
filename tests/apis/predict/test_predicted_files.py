"""What is written of predicted cases, whatever a model gives."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData

from mammo_plugins.apis.predict.outputs import PredictionWriter, given_lines
from mammo_plugins.evaluation import read_labels, read_predictions
from mammo_plugins.evaluation.saliency_files import read_index
from mammo_plugins.io import AnnotationSet, ImageRecord
from mammo_plugins.structures.case_sample import MammoCaseSample
from mammo_plugins.structures.sample_predictions import store_labels, store_saliency


@pytest.fixture(name='annotations')
def annotations_fixture():
    first = ImageRecord(1, 'a.png', 40, 60, 1, 'p', 's', 'L-CC', 'FFDM', view_name='lcc')
    second = replace(first, id=2, file_name='b.png', view='L-MLO', view_name='lmlo')
    return AnnotationSet([first, second], [], {'root': ''})


@pytest.fixture(name='case')
def case_fixture():
    case = MammoCaseSample(metainfo={'group_by': 'breast', 'case_id': 'p/s/L'})
    meta = {'img_shape': (30, 20), 'homography_matrix': np.diag([0.5, 0.5, 1])}
    case.views = [DetDataSample(metainfo={'image_id': number, **meta}) for number in (1, 2)]
    return case


def find_nothing(view):
    view.pred_instances = InstanceData(
        bboxes=torch.zeros(0, 4), scores=torch.zeros(0), labels=torch.zeros(0).long(), slices=torch.zeros(0).long()
    )


def label_of_findings():
    raise AssertionError('there are no findings whose label could be asked for')


def test_model_that_gives_nothing_is_refused(annotations, case, tmp_path):
    writer = PredictionWriter(tmp_path, annotations)
    writer.add(case)
    with pytest.raises(ValueError, match='neither findings .* nor pictures .*: its predict must set one of them'):
        writer.finish(label_of_findings)


def test_findings_of_some_images_only_are_refused(annotations, case, tmp_path):
    find_nothing(case.views[0])
    writer = PredictionWriter(tmp_path, annotations)
    writer.add(case)
    with pytest.raises(ValueError, match='findings of some images and none of p/s/lmlo: set pred_instances of each'):
        writer.finish(label_of_findings)


def test_labels_of_images_and_of_the_breast_are_a_file_each(annotations, case, tmp_path):
    case.pred_labels = {'malignant': 0.5}
    for view in case.views:
        store_labels(view, {'birads=1': 0.25, 'birads=2': 0.75})
    writer = PredictionWriter(tmp_path, annotations)
    writer.add(case)
    files = writer.finish(label_of_findings)
    assert [path.name for path in files.labels] == ['labels_view.csv', 'labels_side.csv']
    assert files.csv is None and files.maps is None
    assert given_lines(files.given) == [
        'labels of each image: birads (1, 2) (labels_view.csv)',
        'labels of each breast: malignant (labels_side.csv)',
    ]
    assert read_labels(tmp_path / 'labels_side.csv').columns == {'malignant': [0.5]}


def test_maps_leave_the_sample_and_findings_need_no_malignancy(annotations, case, tmp_path):
    for view in case.views:
        find_nothing(view)
        store_saliency(view, {'any': torch.rand(15, 10)})
    writer = PredictionWriter(tmp_path, annotations)
    assert not any('pred_saliency' in view for view in writer.add(case).views)
    files = writer.finish(lambda: 0)
    assert [(str(entry.key), entry.covered) for entry in read_index(files.maps)] == [
        ('p/s/lcc', (30, 20)),
        ('p/s/lmlo', (30, 20)),
    ]
    assert len(read_predictions(files.csv).scores) == 0


def test_files_of_an_earlier_model_do_not_stay(annotations, case, tmp_path):
    (tmp_path / 'maps').mkdir()
    (tmp_path / 'maps' / 'global').mkdir()
    for stale in ('predictions.csv', 'labels_pair.csv', 'maps/index.csv', 'maps/patches.csv', 'maps/global/index.csv'):
        (tmp_path / stale).write_text('of before')
    (tmp_path / 'notes.txt').write_text('of the user')
    case.pred_labels = {'malignant': 0.5}
    writer = PredictionWriter(tmp_path, annotations)
    writer.add(case)
    writer.finish(label_of_findings)
    assert sorted(path.name for path in tmp_path.rglob('*') if path.is_file()) == ['labels.csv', 'notes.txt']
