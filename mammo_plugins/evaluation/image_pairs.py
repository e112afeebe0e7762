"""Pairs of a prediction and a finding that lie in the same image."""

from __future__ import annotations

import numpy as np

from .detection_truth import DetectionTruth
from .hit_rules import CandidatePairs
from .predictions import Predictions


def pairs_of_same_image(row_image: np.ndarray, column_image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(M,) row and (M,) column positions of all pairs whose images are the same.

    Args:
        row_image, column_image: (N,) and (G,) image of each.
    """
    by_image = np.argsort(column_image, kind='stable')
    start = np.searchsorted(column_image[by_image], row_image, side='left')
    count = np.searchsorted(column_image[by_image], row_image, side='right') - start
    row = np.repeat(np.arange(len(row_image)), count)
    within = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    return row, by_image[np.repeat(start, count) + within]


def candidate_pairs(
    predictions: Predictions,
    truth: DetectionTruth,
    row: np.ndarray,
    finding: np.ndarray,
    own_pixels: np.ndarray | None = None,
) -> CandidatePairs:
    """What a hit rule looks at.

    Args:
        predictions, truth: where the pairs are from.
        row: (M,) positions in ``predictions``.
        finding: (M,) positions in ``truth``.
        own_pixels: (I,) stored pixels of each image that one pixel of the rule's grid is long; 1 by default.
    """
    image = truth.image_index[finding]
    return CandidatePairs(
        predicted_boxes=predictions.boxes_xywh[row],
        z=predictions.z[row],
        depth=predictions.depth[row],
        true_boxes=truth.boxes_xywh[finding],
        true_slice=truth.slice_index[finding],
        first_slice=truth.first_slice[finding],
        last_slice=truth.last_slice[finding],
        num_slices=truth.num_slices[image],
        own_pixels=1.0 if own_pixels is None else own_pixels[image],
    )
