from __future__ import annotations

import numpy as np
import pytest

from mammo_plugins.datasets.transforms import PackCaseInputs, SampleSlice
from mammo_plugins.structures import SliceBins
from mammo_plugins.structures.geometry import scale_homography

IMG = np.arange(40, dtype=np.float32)[:, None, None] + np.zeros((1, 3, 4), np.float32)  # a slice holds its index
BOX = [0, 0, 100, 100]  # reaches 10 slices


def sampled(view, seed):
    return SampleSlice()(dict(rng=np.random.default_rng(seed), views=[view]))['views'][0]


def slices_drawn(make, **arguments):
    return {int(sampled(make(IMG, **arguments), seed)['img'][0, 0, 0]) for seed in range(400)}


def test_slice_lies_within_the_reach_of_the_finding(make_view):
    assert slices_drawn(make_view, boxes=[BOX], slices=[20]) == set(range(10, 31))


def test_reach_ends_with_the_volume(make_view):
    assert slices_drawn(make_view, boxes=[BOX], slices=[37]) == set(range(27, 40))


def test_reach_is_measured_in_stored_pixels(make_view):
    quarter = dict(boxes=[[0, 0, 25, 25]], slices=[20], homography_matrix=scale_homography(0.25, 0.25))
    assert slices_drawn(make_view, **quarter) == set(range(10, 31))


@pytest.mark.parametrize('boxes', [[], [BOX]])
def test_without_an_annotated_slice_any_may_come(make_view, boxes):
    assert slices_drawn(make_view, boxes=boxes) == set(range(40))


def test_findings_that_do_not_reach_the_slice_are_taken_away(make_view):
    view = make_view(IMG, [BOX, BOX], [5, 35])
    SampleSlice().apply(view, stored_slice=30)
    assert view['gt_lesion_ids'] == ['lesion1'] and view['gt_bboxes'].shape == (1, 4)
    assert view['gt_slices'].tolist() == [0] and view['slice_bins'] == SliceBins(1, 1)
    both = make_view(IMG, [BOX, BOX], [5, -1])
    SampleSlice().apply(both, stored_slice=12)
    assert both['gt_lesion_ids'] == ['lesion0', 'lesion1']  # nobody knows where the second one is not


def test_bins_show_the_slice_that_they_hold(make_view):
    view = make_view(IMG[:8], [BOX], [20], slice_bins=SliceBins(40, 8))
    SampleSlice().apply(view, stored_slice=39)
    assert view['img'].shape == (1, 3, 4) and view['img'][0, 0, 0] == 7


def test_packed_view_is_one_slice(make_view):
    view = sampled(make_view(IMG, [BOX], [20]), 0)
    case = dict(
        views=[view], case_id='c', patient_id='p', study_uid='s', laterality='L', annotated=True, gt_malignancy=1.0,
        group_by='breast', complete=False, gt_labels={},
    )  # fmt: skip
    packed = PackCaseInputs()(case)
    assert packed['inputs'][0].shape == (1, 1, 3, 4)
    assert packed['data_samples'].views[0].gt_instances.slices.tolist() == [0]
