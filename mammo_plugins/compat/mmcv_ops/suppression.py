"""The operators behind ``mmcv.ops.nms``, ``soft_nms``, ``nms_match`` and ``bbox_overlaps``.

N, M: boxes, as (x1, y1, x2, y2). ``offset`` (0 or 1) is added to each width and height; 1 means that coordinates are
inclusive pixel indices.
"""

from __future__ import annotations

import torch
import torchvision

from .precision import widen

_SOFT_NAIVE, _SOFT_LINEAR, _SOFT_GAUSSIAN = 0, 1, 2
_OVERLAP_IOU = 0


def nms(bboxes: torch.Tensor, scores: torch.Tensor, iou_threshold: float, offset: int) -> torch.Tensor:
    """Indices (kept,) of the boxes (N, 4) that survive, by descending score; an IoU above the threshold suppresses."""
    boxes = widen(bboxes)
    if offset:
        boxes = boxes + boxes.new_tensor([0, 0, offset, offset])
    return torchvision.ops.nms(boxes, widen(scores).to(boxes.dtype), iou_threshold)


def softnms(
    boxes: torch.Tensor,
    scores: torch.Tensor,
    dets: torch.Tensor,
    iou_threshold: float,
    sigma: float,
    min_score: float,
    method: int,
    offset: int,
) -> torch.Tensor:
    """Soft-NMS: lowers the scores of overlapping boxes instead of dropping them.

    Source: Bodla et al., Soft-NMS, ICCV 2017, Fig. 2.

    Args:
        boxes: (N, 4).
        scores: (N,).
        dets: (N, 5), its first rows are overwritten by the kept boxes and their new scores.
        iou_threshold: overlap from which ``method`` 0 and 1 act.
        sigma: width of the Gaussian of ``method`` 2.
        min_score: a box whose lowered score falls below it is dropped.
        method: 0 drops (plain NMS), 1 multiplies by 1 - IoU, 2 by exp(-IoU^2 / sigma).
        offset: see above.

    Returns:
        Indices (kept,) by descending new score.
    """
    boxes, scores = widen(boxes), widen(scores).clone()
    candidates = torch.arange(len(boxes), device=boxes.device)
    kept: list[torch.Tensor] = []
    while len(candidates):
        best = candidates[scores[candidates].argmax()]
        dets[len(kept)] = torch.cat([boxes[best], scores[best].reshape(1)]).to(dets)
        kept.append(best)
        candidates = candidates[candidates != best]
        iou = _overlaps(boxes[best][None], boxes[candidates], offset=offset)[0]
        scores[candidates] *= _soft_weights(iou, iou_threshold, sigma, method)
        candidates = candidates[scores[candidates] >= min_score]
    return torch.stack(kept) if kept else candidates


def nms_match(dets: torch.Tensor, iou_threshold: float) -> list[list[int]]:
    """Groups (N, 5) scored boxes: each kept box, followed by those that it suppresses (IoU at or above the threshold).

    Source: Cao et al., Prime Sample Attention in Object Detection, CVPR 2020, section 3.1 (hierarchical local rank).
    """
    dets = widen(dets)
    iou = _overlaps(dets[:, :4], dets[:, :4])
    remaining = dets[:, 4].argsort(descending=True, stable=True)
    groups = []
    while len(remaining):
        best, others = remaining[0], remaining[1:]
        suppressed = iou[best, others] >= iou_threshold
        groups.append([int(best), *others[suppressed].tolist()])
        remaining = others[~suppressed]
    return groups


def bbox_overlaps(
    bboxes1: torch.Tensor, bboxes2: torch.Tensor, ious: torch.Tensor, mode: int, aligned: bool, offset: int
) -> None:
    """Writes IoU (``mode`` 0) or intersection over the first box's area (1) of (N, 4) and (M, 4) boxes.

    ``ious`` is (N, M), or (N,) where ``aligned`` pairs the boxes one to one. Two boxes without area overlap by 0.
    """
    first, second = widen(bboxes1), widen(bboxes2)
    ious.copy_(_overlaps(first, second, mode=mode, aligned=aligned, offset=offset))


def _overlaps(
    first: torch.Tensor, second: torch.Tensor, mode: int = _OVERLAP_IOU, aligned: bool = False, offset: int = 0
) -> torch.Tensor:
    if not aligned:
        first, second = first[:, None], second[None]
    top_left = torch.maximum(first[..., :2], second[..., :2])
    bottom_right = torch.minimum(first[..., 2:], second[..., 2:])
    intersection = (bottom_right - top_left + offset).clamp(min=0).prod(dim=-1)
    denominator = (first[..., 2:] - first[..., :2] + offset).prod(dim=-1)
    if mode == _OVERLAP_IOU:
        denominator = denominator + (second[..., 2:] - second[..., :2] + offset).prod(dim=-1) - intersection
    return torch.where(denominator > 0, intersection / denominator, torch.zeros_like(intersection))


def _soft_weights(iou: torch.Tensor, iou_threshold: float, sigma: float, method: int) -> torch.Tensor:
    if method == _SOFT_GAUSSIAN:
        return torch.exp(-(iou**2) / sigma)
    lowered = 1 - iou if method == _SOFT_LINEAR else torch.zeros_like(iou)
    return torch.where(iou >= iou_threshold, lowered, torch.ones_like(iou))
