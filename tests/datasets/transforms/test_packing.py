import math

import numpy as np
import torch

from mammo_plugins.datasets.transforms import PackCaseInputs
from mammo_plugins.structures import SliceBins


def pack(*views, **changes):
    case = dict(
        case_id='P1/S1/L', patient_id='P1', study_uid='S1', laterality='L', group_by='breast', complete=True,
        annotated=True, gt_malignancy=1.0, gt_labels={},
    )  # fmt: skip
    return PackCaseInputs()({**case, 'views': list(views), **changes})


def test_volumes_become_one_channel_tensors(make_view):
    img = np.random.default_rng(0).random((3, 8, 6)).astype(np.float32)
    packed = pack(make_view(img), make_view(img[:1]))
    assert [tuple(volume.shape) for volume in packed['inputs']] == [(3, 1, 8, 6), (1, 1, 8, 6)]
    np.testing.assert_array_equal(packed['inputs'][0][:, 0].numpy(), img)


def test_slices_become_bins_and_unknown_stays_unknown(make_view):
    view = make_view(np.zeros((4, 8, 6)), [[1, 2, 3, 4]] * 3, slices=[0, 19, -1], slice_bins=SliceBins(20, 4))
    view['gt_slice_ranges'] = np.array([[0, 4], [-1, -1], [9, 15]])
    instances = pack(view)['data_samples'].views[0].gt_instances
    assert instances.slices.tolist() == [0, 3, -1]
    assert instances.slice_ranges.tolist() == [[0, 0], [-1, -1], [1, 3]]
    assert instances.bboxes.dtype == torch.float32 and instances.labels.tolist() == [0, 0, 0]
    assert instances.lesion_ids == ['lesion0', 'lesion1', 'lesion2']


def test_sample_says_what_it_shows(make_view):
    sample = pack(make_view(np.zeros((2, 8, 6)), annotated=False), annotated=False)['data_samples']
    view = sample.views[0]
    assert (sample.case_id, sample.laterality, sample.annotated) == ('P1/S1/L', 'L', False)
    assert (view.view, view.view_name, view.num_slices, view.img_shape) == ('L-CC', 'lcc', 2, (8, 6))
    assert view.ori_shape == (8, 6) and view.annotated is False and view.homography_matrix.dtype == np.float64


def test_view_without_findings_has_empty_instances(make_view):
    instances = pack(make_view(np.zeros((2, 8, 6))))['data_samples'].views[0].gt_instances
    shapes = [instances[key].shape for key in ('bboxes', 'labels', 'slices', 'slice_ranges')]
    assert shapes == [(0, 4), (0,), (0,), (0, 2)]
    assert instances.labels.dtype == torch.int64


def test_unknown_malignancy_is_nan(make_view):
    view = make_view(np.zeros((1, 8, 6)), malignant=math.nan)
    labels = pack(view, gt_malignancy=math.nan)['data_samples'].gt_malignancy
    assert math.isnan(labels.breast) and torch.isnan(labels.views).all() and labels.views.shape == (1,)
