"""When a predicted box counts as having hit an annotated finding.

A rule looks at M candidate pairs at once, each a prediction and a finding of the same image, and says which are hits
and how close each is; of several findings that one prediction hits, the closest one is taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np


@dataclass(frozen=True)
class CandidatePairs:
    """M pairs of a prediction and a finding of the same image; boxes are xywh in stored pixels.

    Args:
        predicted_boxes, true_boxes: (M, 4).
        z, depth: (M,) first slice and number of slices of the prediction.
        true_slice: (M,) annotated slice.
        first_slice, last_slice: (M,) visible range of the finding, NaN where none is annotated.
        num_slices: (M,) slices of the image; 1 for a 2-D image.
    """

    predicted_boxes: np.ndarray
    z: np.ndarray
    depth: np.ndarray
    true_boxes: np.ndarray
    true_slice: np.ndarray
    first_slice: np.ndarray
    last_slice: np.ndarray
    num_slices: np.ndarray


class HitRule(Protocol):
    """Decides about candidate pairs.

    ``needs_slice`` says whether findings of volumes must have an annotated slice or visible range.
    """

    needs_slice: bool

    def __call__(self, pairs: CandidatePairs) -> tuple[np.ndarray, np.ndarray]:
        """(M,) whether each pair is a hit, and (M,) closeness, larger for the better of two hits."""


@dataclass(frozen=True)
class OverlapHit:
    """Hit by overlap of the boxes in the image plane, optionally only in a slice that shows the finding.

    Args:
        min_iou: smallest intersection over union that is a hit.
        needs_slice: whether the predicted slice must be one that shows the finding (see :func:`slice_shows_finding`).

    Source: M&M-3D, section 4.1 (metric).
    """

    min_iou: float = 0.25
    needs_slice: bool = True

    def __call__(self, pairs: CandidatePairs) -> tuple[np.ndarray, np.ndarray]:
        iou = pairwise_iou(pairs.predicted_boxes, pairs.true_boxes)
        hit = iou >= self.min_iou
        if self.needs_slice:
            hit &= slice_shows_finding(pairs)
        return hit, iou


def pairwise_iou(first_xywh: np.ndarray, second_xywh: np.ndarray) -> np.ndarray:
    """(M,) intersection over union of row i of two (M, 4) arrays; edges are continuous, two empty boxes give 0."""
    low = np.maximum(first_xywh[:, :2], second_xywh[:, :2])
    high = np.minimum(first_xywh[:, :2] + first_xywh[:, 2:], second_xywh[:, :2] + second_xywh[:, 2:])
    intersection = np.prod(np.clip(high - low, 0, None), axis=1)
    union = np.prod(first_xywh[:, 2:], axis=1) + np.prod(second_xywh[:, 2:], axis=1) - intersection
    return np.divide(intersection, union, out=np.zeros_like(intersection), where=union > 0)


def slice_shows_finding(pairs: CandidatePairs) -> np.ndarray:
    """(M,) whether the predicted slice, the middle of the predicted box, shows the finding.

    True inside the annotated visible range, both ends included. A finding without range is taken to be visible for a
    quarter of the volume to either side of its annotated slice, as in the DBTex challenge. A single-slice image shows
    all its findings.
    """
    predicted = pairs.z + np.floor(pairs.depth / 2)
    in_range = (predicted >= pairs.first_slice) & (predicted <= pairs.last_slice)
    near = np.abs(predicted - pairs.true_slice) <= pairs.num_slices / 4
    return np.where(np.isnan(pairs.first_slice), near, in_range) | (pairs.num_slices == 1)
