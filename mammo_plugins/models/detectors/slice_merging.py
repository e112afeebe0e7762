"""From findings on single slices to findings of a volume."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mammo_plugins.structures.decisive_slice import decisive_slice

_ROUNDING = 1e-6  # of a ratio; boxes and scores come from single precision


class MergedFindings(NamedTuple):
    """M findings of a volume, best first.

    Attributes:
        boxes_xyxy: (M, 4) union of the merged boxes in the plane.
        scores: (M,) highest score.
        slices: (M,) slice of the highest score, the lowest one of equal scores (:func:`decisive_slice`).
        labels: (M,).
        slice_scores: (M, S) highest score of the merged boxes on each slice, 0 where there is none.
    """

    boxes_xyxy: np.ndarray
    scores: np.ndarray
    slices: np.ndarray
    labels: np.ndarray
    slice_scores: np.ndarray


def merge_slices(
    boxes_xyxy: np.ndarray,
    scores: np.ndarray,
    slices: np.ndarray,
    labels: np.ndarray,
    reach: np.ndarray,
    num_slices: int,
    min_iou: float = 0.5,
    max_score_ratio: float = 10.0,
) -> MergedFindings:
    """Merges findings whose 3-D boxes overlap, greedily from the best one.

    Of equal scores the one that comes first in the arrays counts as better. The best finding that is left takes all
    others of its label whose 3-D box has an IoU above ``min_iou`` with its own, and whose score is not less than a
    ``max_score_ratio``-th of its score. The 3-D box of a finding is its box on ``2 reach + 1`` slices around its own.

    Args:
        boxes_xyxy: (n, 4).
        scores: (n,) above 0.
        slices: (n,) slice of each finding.
        labels: (n,).
        reach: (n,) slices that each finding reaches to either side.
        num_slices: S.
        min_iou, max_score_ratio: see above.

    Source: Buda et al., JAMA Network Open 2021, as taken up by M&M-3D, section 4.2: IoU above 0.5, score ratio up to
    10, union of the boxes, highest score. That boxes of single slices reach as far along z as the annotated slice does
    in training is this project's reading.
    """
    merged: list[tuple] = []
    left = np.argsort(-scores, kind='stable')
    solids = np.column_stack([boxes_xyxy[:, :2], slices - reach, boxes_xyxy[:, 2:], slices + reach + 1])
    while len(left):
        best = left[0]
        taken = (
            (_solid_iou(solids[best], solids[left]) > min_iou + _ROUNDING)
            & (scores[left] * max_score_ratio >= scores[best] * (1 - _ROUNDING))
            & (labels[left] == labels[best])
        )
        taken[0] = True
        members = left[taken]
        union = np.concatenate([boxes_xyxy[members, :2].min(axis=0), boxes_xyxy[members, 2:].max(axis=0)])
        on_slices = np.zeros(num_slices)
        np.maximum.at(on_slices, slices[members], scores[members])
        merged.append((union, scores[best], decisive_slice(on_slices), labels[best], on_slices))
        left = left[~taken]
    if not merged:
        return MergedFindings(boxes_xyxy, scores, slices, labels, np.zeros((0, num_slices)))
    return MergedFindings(*map(np.stack, zip(*merged)))


def _solid_iou(solid: np.ndarray, others: np.ndarray) -> np.ndarray:
    """(n,) volume of the intersection over that of the union, of (x0, y0, z0, x1, y1, z1)."""
    sides = np.minimum(solid[3:], others[:, 3:]) - np.maximum(solid[:3], others[:, :3])
    shared = np.prod(np.clip(sides, 0, None), axis=1)
    total = np.prod(solid[3:] - solid[:3]) + np.prod(others[:, 3:] - others[:, :3], axis=1) - shared
    return np.divide(shared, total, out=np.zeros(len(others)), where=total > 0)
