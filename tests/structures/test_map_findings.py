"""Findings from saliency maps: a case by hand, regions as scikit-image finds them, and stored pixels."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from mmdet.structures import DetDataSample
from skimage import measure

from mammo_plugins.structures import SliceBins
from mammo_plugins.structures.case_sample import MammoCaseSample
from mammo_plugins.structures.geometry import scale_homography, shift_homography
from mammo_plugins.structures.map_findings import MapFindings, store_map_findings
from mammo_plugins.structures.sample_predictions import store_labels, store_saliency

SAME = np.eye(3)
MIRRORED = np.array([[-1.0, 0, 40], [0, 1, 0], [0, 0, 1]])  # of an image of 40 columns


def make_case() -> MammoCaseSample:
    """A case of one image of 64 x 48 pixels, which the network sees as it is."""
    case, size = MammoCaseSample(), (64, 48)
    case.views = [
        DetDataSample(metainfo=dict(img_shape=size, ori_shape=size, homography_matrix=SAME, slice_bins=SliceBins(2, 1)))
    ]
    return case


def island_map():
    """6 x 10 cells: two that touch at a corner, one alone, and a weak one."""
    saliency = np.zeros((6, 10))
    saliency[1, 1], saliency[2, 2], saliency[4, 7:9], saliency[0, 9] = 0.9, 0.6, 0.7, 0.4
    return saliency


@pytest.mark.parametrize(
    ('settings', 'boxes', 'scores'),
    [
        (dict(), [(4, 4, 12, 12), (28, 16, 36, 20)], [0.9, 0.7]),
        (dict(score='mean'), [(4, 4, 12, 12), (28, 16, 36, 20)], [0.75, 0.7]),
        (dict(threshold=0.65), [(4, 4, 8, 8), (28, 16, 36, 20)], [0.9, 0.7]),
        (dict(threshold=0.65, min_area_px=17), [(28, 16, 36, 20)], [0.7]),
        (dict(max_findings=1), [(4, 4, 12, 12)], [0.9]),
        (dict(threshold=0.95), [], []),
        (dict(threshold=0.95, relative=True), [(4, 4, 8, 8)], [0.9]),
    ],
)
def test_case_by_hand(settings, boxes, scores):
    """Cells are 4 pixels a side."""
    found, numbers = MapFindings(**settings).find(island_map(), (24, 40), SAME, (24, 40))
    np.testing.assert_allclose(found, np.reshape(boxes, (-1, 4)))
    np.testing.assert_allclose(numbers, scores)


@pytest.mark.parametrize('relative', [False, True])
def test_map_of_zeros_has_no_finding(relative):
    boxes, scores = MapFindings(relative=relative).find(np.zeros((4, 4)), (8, 8), SAME, (8, 8))
    assert boxes.shape == (0, 4) and scores.shape == (0,)


@pytest.mark.parametrize('score', ['peak', 'mean'])
def test_regions_are_those_of_scikit_image(score):
    rng = np.random.default_rng(0)
    for _ in range(20):
        saliency = rng.random((14, 11)) ** 2
        boxes, scores = MapFindings(score=score, max_findings=1000).find(saliency, (14, 11), SAME, (14, 11))
        regions = measure.regionprops(measure.label(saliency >= 0.5, connectivity=2), intensity_image=saliency)
        named = {'peak': 'intensity_max', 'mean': 'intensity_mean'}[score]
        expected = sorted((-getattr(region, named), *np.take(region.bbox, [1, 0, 3, 2])) for region in regions)
        np.testing.assert_allclose(np.column_stack([-scores, boxes]), expected, atol=1e-12)


def test_boxes_are_in_stored_pixels_of_a_mirrored_crop_at_half_size():
    """A crop at (8, 4) of the mirrored image, halved: cell (1, 1) of 4 network pixels is 8 stored pixels a side."""
    homography = scale_homography(0.5, 0.5) @ shift_homography(-8, -4) @ MIRRORED
    saliency = np.zeros((3, 4))
    saliency[1, 1] = 1
    boxes, _ = MapFindings(min_area_px=64).find(saliency, (12, 16), homography, (40, 40))
    np.testing.assert_allclose(boxes, [[16, 12, 24, 20]])
    assert not len(MapFindings(min_area_px=65).find(saliency, (12, 16), homography, (40, 40))[0])


def test_boxes_are_clipped_to_the_source_and_left_out_beside_it():
    saliency = np.zeros((4, 4))
    saliency[0, 1:3], saliency[3, 3] = 1, 1
    boxes, _ = MapFindings().find(saliency, (16, 16), SAME, (16, 10))
    np.testing.assert_allclose(boxes, [[4, 0, 10, 4]])


def test_views_get_what_detectors_give():
    cases = [make_case(), make_case()]
    for case in cases:
        maps = {'benign': torch.zeros(6, 10), 'malignant': torch.from_numpy(island_map())}
        store_saliency(case.views[0], maps)
        store_labels(case.views[0], {'benign': 0.2, 'malignant': 0.3})
    store_map_findings(cases, MapFindings())
    found = cases[0].views[0].pred_instances
    assert found.labels.tolist() == [1, 1] and found.slices.tolist() == [0, 0]
    assert found.bboxes.shape == (2, 4) and found.slice_weights.shape == (2, 1)
    assert cases[0].views[0].pred_malignancy == cases[0].pred_malignancy == pytest.approx(0.3)


def test_views_without_a_label_malignant_have_no_malignancy():
    case = make_case()
    store_saliency(case.views[0], {'mass': torch.ones(6, 10)})
    store_map_findings([case], MapFindings())
    assert case.views[0].pred_instances.scores.tolist() == [1] and 'pred_malignancy' not in case


@pytest.mark.parametrize(
    'wrong', [dict(threshold=0), dict(threshold=1.1), dict(score='sum'), dict(min_area_px=-1), dict(max_findings=0)]
)
def test_settings_out_of_range_are_refused(wrong):
    with pytest.raises(ValueError, match='map_findings needs'):
        MapFindings(**wrong)
