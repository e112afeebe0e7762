"""Patches and further maps of an image; labels, maps and notes are tested with what reads them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from mmdet.structures import DetDataSample

from mammo_plugins.structures.case_sample import MammoCaseSample
from mammo_plugins.structures.geometry import scale_homography, shift_homography
from mammo_plugins.structures.sample_predictions import store_further_saliency, store_patches

BOXES = torch.tensor([[0, 0, 16, 32], [8, 4, 24, 36]])
# A right breast of 100 x 80 stored pixels: mirrored, cut from (10, 5), enlarged twice.
MIRROR = np.array([[-1.0, 0, 80], [0, 1, 0], [0, 0, 1]])
MIRRORED = scale_homography(2, 2) @ shift_homography(-10, -5) @ MIRROR


def make_view(homography=MIRRORED):
    return DetDataSample(metainfo={'image_id': 1, 'homography_matrix': homography})


def test_patches_go_back_to_stored_pixels_through_a_mirrored_image():
    view = make_view()
    store_patches(view, BOXES, torch.tensor([0.75, 0.25]))
    # x: 80 - (10 + x' / 2); y: 5 + y' / 2
    assert view.pred_patches.bboxes.tolist() == [[62, 5, 70, 21], [58, 7, 66, 23]]
    assert view.pred_patches.weights.tolist() == [0.75, 0.25]


def test_patches_without_weights_have_none_and_may_reach_beyond_the_image():
    view = make_view(shift_homography(20, 10))
    store_patches(view, BOXES)
    assert view.pred_patches.bboxes[0].tolist() == [-20, -10, -4, 22] and 'weights' not in view.pred_patches


@pytest.mark.parametrize(
    ('boxes', 'weights', 'message'),
    [
        (BOXES[0], None, r'boxes \(K, 4\) .* got \(4,\) and None'),
        (BOXES, torch.ones(3), r'got \(2, 4\) and \(3,\)'),
        (BOXES, torch.tensor([0.5, float('nan')]), 'apply softmax'),
    ],
)
def test_unusable_patches_are_refused(boxes, weights, message):
    with pytest.raises(ValueError, match=message):
        store_patches(make_view(), boxes, weights)


def test_further_maps_are_kept_by_name_and_move_with_the_sample():
    view = make_view()
    store_further_saliency(view, 'global', {'any': torch.zeros(2, 2)})
    store_further_saliency(view, 'local', {'any': torch.ones(4, 4)})
    store_patches(view, BOXES)
    case = MammoCaseSample()
    case.views = [view]
    (moved,) = case.to(torch.float64).views
    dtypes = {name: maps['any'].dtype for name, maps in moved.pred_further_saliency.items()}
    assert dtypes == {'global': torch.float64, 'local': torch.float64}
    assert moved.pred_patches.bboxes.dtype == torch.float64
    assert view.pred_further_saliency['global']['any'].dtype == torch.float32


@pytest.mark.parametrize('name', ['', '../up', 'a b'])
def test_further_maps_need_a_name_for_a_folder(name):
    with pytest.raises(ValueError, match='letters, digits and _'):
        store_further_saliency(make_view(), name, {'any': torch.zeros(2, 2)})
