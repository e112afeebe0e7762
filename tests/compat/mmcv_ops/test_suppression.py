from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.references import suppression as reference


@pytest.fixture
def boxes(generator: torch.Generator) -> torch.Tensor:
    corners = torch.rand(40, 2, generator=generator) * 30
    return torch.cat([corners, corners + 5 + torch.rand(40, 2, generator=generator) * 20], dim=1)


@pytest.fixture
def scores(generator: torch.Generator) -> torch.Tensor:
    return torch.rand(40, generator=generator)


@pytest.mark.parametrize('offset', [0, 1])
@pytest.mark.parametrize('iou_threshold', [0.1, 0.5])
def test_nms_keeps_what_the_definition_keeps(mmcv_ops, device, boxes, scores, iou_threshold, offset):
    detections, kept = mmcv_ops.nms(boxes.to(device), scores.to(device), iou_threshold, offset=offset)
    assert kept.tolist() == reference.nms(boxes.tolist(), scores.tolist(), iou_threshold, offset)
    torch.testing.assert_close(detections.cpu(), torch.cat([boxes, scores[:, None]], dim=1)[kept.cpu()])


def test_offset_decides_whether_a_narrow_box_is_suppressed(mmcv_ops):
    # IoU 1/2 as continuous boxes (areas 2 and 1), (2 * 2) / (3 * 2) = 2/3 with inclusive pixels.
    boxes = torch.tensor([[0.0, 0, 2, 1], [0.0, 0, 1, 1]])
    scores = torch.tensor([0.9, 0.8])
    assert mmcv_ops.nms(boxes, scores, 0.6, offset=0)[1].tolist() == [0, 1]
    assert mmcv_ops.nms(boxes, scores, 0.6, offset=1)[1].tolist() == [0]


def test_nms_takes_numpy_arrays_and_gives_them_back(mmcv_ops, boxes, scores):
    detections, kept = mmcv_ops.nms(boxes.numpy(), scores.numpy(), 0.5)
    assert isinstance(detections, np.ndarray)
    assert kept.tolist() == reference.nms(boxes.tolist(), scores.tolist(), 0.5)


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_nms_in_half_precision_keeps_disjoint_boxes(mmcv_ops, device, dtype):
    boxes = torch.tensor([[0, 0, 10, 10], [20, 0, 30, 10], [0, 0, 10, 10]], dtype=dtype, device=device)
    scores = torch.tensor([0.5, 0.75, 0.25], dtype=dtype, device=device)
    assert mmcv_ops.nms(boxes, scores, 0.5)[1].tolist() == [1, 0]


def test_nms_of_no_boxes_is_empty(mmcv_ops, device):
    detections, kept = mmcv_ops.nms(torch.zeros(0, 4, device=device), torch.zeros(0, device=device), 0.5)
    assert detections.shape == (0, 5)
    assert kept.tolist() == []


def test_batched_nms_suppresses_within_a_class_only(mmcv_ops):
    boxes = torch.tensor([[0.0, 0, 10, 10], [0.0, 0, 10, 10], [0.0, 0, 10, 10]])
    scores, classes = torch.tensor([0.9, 0.8, 0.7]), torch.tensor([0, 1, 0])
    _, kept = mmcv_ops.batched_nms(boxes, scores, classes, {'type': 'nms', 'iou_threshold': 0.5})
    assert kept.tolist() == [0, 1]


@pytest.mark.parametrize('method', ['naive', 'linear', 'gaussian'])
@pytest.mark.parametrize('offset', [0, 1])
def test_soft_nms_lowers_scores_as_the_paper_does(mmcv_ops, boxes, scores, method, offset):
    settings = {'iou_threshold': 0.3, 'sigma': 0.5, 'min_score': 0.05, 'method': method, 'offset': offset}
    detections, kept = mmcv_ops.soft_nms(boxes, scores, **settings)
    expected = reference.soft_nms(boxes.tolist(), scores.tolist(), **settings)
    assert kept.tolist() == [index for index, _ in expected]
    torch.testing.assert_close(detections[:, 4], torch.tensor([score for _, score in expected]))
    torch.testing.assert_close(detections[:, :4], boxes[kept])


def test_soft_nms_of_no_boxes_is_empty(mmcv_ops):
    detections, kept = mmcv_ops.soft_nms(torch.zeros(0, 4), torch.zeros(0))
    assert detections.shape == (0, 5)
    assert kept.tolist() == []


def test_nms_match_groups_boxes_with_their_suppressor(mmcv_ops, boxes, scores):
    groups = mmcv_ops.nms_match(torch.cat([boxes, scores[:, None]], dim=1), 0.4)
    assert [group.tolist() for group in groups] == reference.nms_match(boxes.tolist(), scores.tolist(), 0.4)


@pytest.mark.parametrize('mode', ['iou', 'iof'])
@pytest.mark.parametrize('offset', [0, 1])
def test_overlaps_match_the_definition(mmcv_ops, device, boxes, mode, offset):
    first, second = boxes[:6], boxes[6:13]
    expected = [[reference.overlap(a, b, mode, offset) for b in second.tolist()] for a in first.tolist()]
    overlaps = mmcv_ops.bbox_overlaps(first.to(device), second.to(device), mode=mode, offset=offset)
    torch.testing.assert_close(overlaps.cpu(), torch.tensor(expected))
    paired = mmcv_ops.bbox_overlaps(first.to(device), second[:6].to(device), mode=mode, aligned=True, offset=offset)
    torch.testing.assert_close(paired.cpu(), torch.tensor(expected)[:, :6].diagonal())


def test_boxes_without_area_overlap_by_zero(mmcv_ops):
    point = torch.tensor([[3.0, 3, 3, 3]])
    assert mmcv_ops.bbox_overlaps(point, point).item() == 0
