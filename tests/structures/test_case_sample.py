import copy
import pickle

import pytest
import torch

from mammo_plugins.compat import install_mmcv_ops

install_mmcv_ops()  # before mmdet

from mmdet.structures import DetDataSample  # noqa: E402
from mmengine.structures import InstanceData  # noqa: E402

from mammo_plugins.structures.case_sample import MammoCaseSample, malignancy_label  # noqa: E402
from mammo_plugins.structures.sample_predictions import store_saliency  # noqa: E402


def make_case(num_views=2):
    case = MammoCaseSample(metainfo=dict(case_id='P1-L', annotated=True))
    case.views = [DetDataSample(metainfo=dict(view=f'view {index}')) for index in range(num_views)]
    for view in case.views:
        view.gt_instances = InstanceData(bboxes=torch.zeros(1, 4, requires_grad=True), labels=torch.zeros(1).long())
    case.gt_malignancy = malignancy_label(1.0, [0.0, float('nan')][:num_views])
    return case


def test_a_case_has_one_view_or_more():
    with pytest.raises(ValueError, match='at least one view'):
        MammoCaseSample().views = []
    sample = MammoCaseSample()
    sample.views = [DetDataSample()] * 4
    assert len(sample.views) == 4


def test_labels_travel_with_the_sample():
    case = make_case()
    case.gt_labels = case.views[0].gt_labels = {'density': 2.0}
    moved = case.to(torch.float64).detach().cpu()
    assert moved.gt_labels == moved.views[0].gt_labels == {'density': 2.0}


def test_views_count_as_data():
    assert 'views' in make_case() and sorted(make_case().keys()) == ['gt_malignancy', 'views']


def test_moving_a_case_moves_the_tensors_of_its_views():
    moved = make_case().to(torch.float64)
    assert moved.gt_malignancy.breast.dtype == torch.float64
    assert [view.gt_instances.bboxes.dtype for view in moved.views] == [torch.float64] * 2
    assert [view.view for view in moved.views] == ['view 0', 'view 1'] and moved.case_id == 'P1-L'


def test_moving_leaves_the_original_alone():
    case = make_case()
    case.to(torch.float64)
    assert case.views[0].gt_instances.bboxes.dtype == torch.float32


def test_detaching_a_case_detaches_its_views():
    detached = make_case().detach()
    assert not detached.views[0].gt_instances.bboxes.requires_grad
    assert not make_case().cpu().detach().views[1].gt_instances.bboxes.requires_grad


@pytest.mark.parametrize('duplicate', [copy.deepcopy, lambda case: pickle.loads(pickle.dumps(case))])
def test_case_survives_copying_and_worker_processes(duplicate):
    case = make_case().detach()
    copied = duplicate(case)
    assert copied.case_id == 'P1-L' and copied.annotated is True
    assert float(copied.gt_malignancy.breast) == 1.0
    assert [view.view for view in copied.views] == ['view 0', 'view 1']
    copied.views[0].set_metainfo(dict(view='changed'))
    assert case.views[0].view == 'view 0'


def test_case_without_views_can_be_moved():
    assert 'views' not in MammoCaseSample().to('cpu')


def test_malignancy_keeps_unknown_as_nan():
    label = malignancy_label(1, [1, float('nan')])
    assert label.breast.shape == () and float(label.breast) == 1.0
    assert label.views.dtype == torch.float32 and label.views.isnan().tolist() == [False, True]


def test_malignancy_must_be_a_label():
    with pytest.raises(AssertionError):
        MammoCaseSample().gt_malignancy = 1.0


def test_predicted_labels_are_plain_probabilities():
    case = make_case()
    case.pred_labels = {'malignant': torch.tensor(0.25), 'birads=1': 0.75, 'birads=2': 0.25, 'density': float('nan')}
    assert case.to('cpu').pred_labels['malignant'] == 0.25 and 'pred_labels' in case.cpu()
    for wrong, message in (
        ({}, 'pred_labels is empty'),
        ({'malignant': 1.5}, "label 'malignant' is 1.5, which is no probability"),
        ({'birads=1': 0.5, 'birads=2': 0.25}, "classes of the predicted label 'birads' add up to 0.75"),
    ):
        with pytest.raises(ValueError, match=message):
            case.pred_labels = wrong


def test_saliency_maps_move_with_their_view():
    case = make_case()
    store_saliency(case.views[0], {'any': torch.rand(3, 2, requires_grad=True)})
    moved = case.to(torch.float64).detach()
    assert moved.views[0].pred_saliency['any'].dtype == torch.float64
    assert not moved.views[0].pred_saliency['any'].requires_grad and 'pred_saliency' not in moved.views[1]


@pytest.mark.parametrize(
    ('maps', 'message'),
    [
        ({}, 'pred_saliency is empty'),
        ({'any': torch.zeros(1, 2, 2)}, r"'any' must be \(h, w\), got the shape \(1, 2, 2\)"),
        ({'any': torch.full((2, 2), float('nan'))}, r"'any' must lie in \[0, 1\] and not be NaN"),
    ],
)
def test_unusable_saliency_is_refused(maps, message):
    with pytest.raises(ValueError, match=message):
        store_saliency(make_case().views[0], maps)
