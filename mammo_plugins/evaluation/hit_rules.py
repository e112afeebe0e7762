"""When a predicted box counts as having hit an annotated finding.

A rule looks at M candidate pairs at once, each a prediction and a finding of the same image, and says which are hits
and how close each is; of several findings that one prediction hits, the closest one is taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np

OWN = 'own'
HIT_PIXELS_OF = (OWN, 'FFDM', 'SM', 'DBT')
"""On whose pixels a distance is measured: those of the image itself, or of the view's image of a modality."""

ROUNDING = 1e-9
"""An IoU, or a distance in pixels, that lies this near a limit or another one is taken as equal to it."""


@dataclass(frozen=True)
class CandidatePairs:
    """M pairs of a prediction and a finding of the same image; boxes are xywh in stored pixels.

    Args:
        predicted_boxes, true_boxes: (M, 4).
        z, depth: (M,) first slice and number of slices of the prediction.
        true_slice: (M,) annotated slice.
        first_slice, last_slice: (M,) visible range of the finding, NaN where none is annotated.
        num_slices: (M,) slices of the image; 1 for a 2-D image.
        own_pixels: (M,) stored pixels of the image that one pixel of the rule's grid is long; 1 for its own grid.
    """

    predicted_boxes: np.ndarray
    z: np.ndarray
    depth: np.ndarray
    true_boxes: np.ndarray
    true_slice: np.ndarray
    first_slice: np.ndarray
    last_slice: np.ndarray
    num_slices: np.ndarray
    own_pixels: np.ndarray | float = 1.0


class HitRule(Protocol):
    """Decides about candidate pairs.

    ``needs_slice`` says whether findings of volumes must have an annotated slice or visible range, ``hit_pixels_of``
    on whose pixels it measures distances, one of :data:`HIT_PIXELS_OF`; ``own`` where it measures none.
    """

    needs_slice: bool
    hit_pixels_of: str

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

    hit_pixels_of: ClassVar[str] = OWN

    min_iou: float = 0.25
    needs_slice: bool = True

    def __call__(self, pairs: CandidatePairs) -> tuple[np.ndarray, np.ndarray]:
        iou = pairwise_iou(pairs.predicted_boxes, pairs.true_boxes)
        hit = iou >= self.min_iou - ROUNDING
        if self.needs_slice:
            hit &= slice_shows_finding(pairs)
        return hit, iou


@dataclass(frozen=True)
class CentreHit:
    """Hit by distance of the centres in the image plane, optionally only near the annotated slice.

    Args:
        min_radius_px: a finding is hit within half the diagonal of its box, and within this many pixels at least.
        hit_pixels_of: whose pixels these are: ``own``, those of the image that is scored, or ``FFDM``, ``SM`` or
            ``DBT``, those of the image of that modality which shows the same view. A radius in pixels of the FFDM is as
            long on the breast in an FFDM as in its synthetic mammogram, whose pixels are longer.
        needs_slice: whether the centre of the predicted box along z, ``z + depth / 2``, must lie within a quarter of
            the volume's slices from the annotated slice (the middle of the visible range where no slice is annotated).
            A single-slice image has no such condition.
        at_radius: whether a prediction at exactly the radius is a hit.

    Of several hits the one with the nearest centre is closest, in x, y and, with ``needs_slice``, in unscaled z.

    Raises:
        ValueError: there is no such grid, or the radius is negative.

    Source: DBTex challenge, evaluation (Konz et al. 2023).
    """

    min_radius_px: float = 100.0
    needs_slice: bool = True
    at_radius: bool = True
    hit_pixels_of: str = OWN

    def __post_init__(self) -> None:
        if self.hit_pixels_of not in HIT_PIXELS_OF:
            raise ValueError(f'hit_pixels_of is one of {", ".join(HIT_PIXELS_OF)}, got {self.hit_pixels_of!r}')
        if not self.min_radius_px >= 0:
            raise ValueError(f'the radius of a hit must be at least 0 pixels, got {self.min_radius_px}')

    def __call__(self, pairs: CandidatePairs) -> tuple[np.ndarray, np.ndarray]:
        offset = _centres(pairs.predicted_boxes) - _centres(pairs.true_boxes)
        in_plane = np.hypot(*offset.T)
        radius = np.maximum(np.hypot(*pairs.true_boxes[:, 2:].T) / 2, self.min_radius_px * pairs.own_pixels)
        hit = in_plane <= radius + ROUNDING if self.at_radius else in_plane < radius - ROUNDING
        if not self.needs_slice:
            return hit, -in_plane
        middle = (pairs.first_slice + pairs.last_slice) / 2
        along_z = pairs.z + pairs.depth / 2 - np.where(np.isnan(pairs.true_slice), middle, pairs.true_slice)
        hit &= (np.abs(along_z) <= pairs.num_slices / 4) | (pairs.num_slices == 1)
        return hit, -np.hypot(in_plane, np.where(pairs.num_slices == 1, 0, along_z))


def _centres(boxes_xywh: np.ndarray) -> np.ndarray:
    return boxes_xywh[:, :2] + boxes_xywh[:, 2:] / 2


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
