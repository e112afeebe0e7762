"""Overlap of a predicted region with the annotated one, image by image.

All functions take one image of H x W pixels at the resolution of the annotation, and give NaN where nothing is
annotated: an image without lesion has no overlap to speak of.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

TIOU_THRESHOLDS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)
TIOR_THRESHOLDS = (0.1, 0.25, 0.5, 0.75, 0.9)
_ROUNDING = 1e-9  # an overlap of 3 / 10 reaches the threshold 3 * 0.1


def soft_dice(saliency: np.ndarray, mask: np.ndarray) -> float:
    """``2 sum(S G) / (sum(S^2) + sum(G^2))``: Dice's coefficient of a saliency map, without a threshold.

    Args:
        saliency: (H, W) in [0, 1].
        mask: (H, W) bool or 0 and 1.

    Raises:
        ValueError: the shapes differ, the saliency leaves [0, 1] or is NaN, or the mask holds other values.

    Source: GLAM, section 3 (evaluation).
    """
    saliency, mask = checked_saliency(saliency, mask)
    if not mask.any():
        return float('nan')
    overlap = saliency[mask].sum(dtype=np.float64)
    return float(2 * overlap / (np.square(saliency, dtype=np.float64).sum() + mask.sum()))


def dice(predicted: np.ndarray, mask: np.ndarray) -> float:
    """Twice the intersection over the sum of both areas, of two (H, W) masks.

    Raises:
        ValueError: as for :func:`soft_dice`.
    """
    intersection, predicted_area, area = _areas(predicted, mask)
    return 2 * intersection / (predicted_area + area) if area else float('nan')


def intersection_over_union(predicted: np.ndarray, mask: np.ndarray) -> float:
    """Intersection over union (IoU) of two (H, W) masks.

    Raises:
        ValueError: as for :func:`soft_dice`.
    """
    intersection, predicted_area, area = _areas(predicted, mask)
    return intersection / (predicted_area + area - intersection) if area else float('nan')


def intersection_over_region(predicted: np.ndarray, mask: np.ndarray) -> float:
    """Intersection over the predicted area (IoR) of two (H, W) masks; 0 where nothing is predicted.

    Raises:
        ValueError: as for :func:`soft_dice`.

    Source: DisAsymNet, section 3 (evaluation).
    """
    intersection, predicted_area, area = _areas(predicted, mask)
    return intersection / max(predicted_area, 1) if area else float('nan')


def intersection_over_truth(predicted: np.ndarray, mask: np.ndarray) -> float:
    """Intersection over the annotated area (IoGT, the recall of pixels) of two (H, W) masks.

    Raises:
        ValueError: as for :func:`soft_dice`.
    """
    intersection, _, area = _areas(predicted, mask)
    return intersection / area if area else float('nan')


def mean_share_reaching(overlaps: np.ndarray, thresholds: Sequence[float]) -> float:
    """Mean over the thresholds T of the share of annotated images whose overlap is at least T (mean TIoU, mean TIoR).

    Args:
        overlaps: (n,) IoU or IoR of each image; NaN for images without annotation, which do not count.
        thresholds: :data:`TIOU_THRESHOLDS` for IoU and :data:`TIOR_THRESHOLDS` for IoR.

    Returns:
        NaN if no image is annotated.

    Raises:
        ValueError: there is no threshold.

    Source: DisAsymNet, section 3 (evaluation).
    """
    if not len(thresholds):
        raise ValueError('mean_share_reaching needs at least one threshold')
    overlaps = np.asarray(overlaps, np.float64)
    annotated = overlaps[~np.isnan(overlaps)]
    if not len(annotated):
        return float('nan')
    return float(np.mean(annotated[:, None] >= np.asarray(thresholds, np.float64) - _ROUNDING))


def checked_saliency(saliency: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both as arrays, the mask as bool.

    Raises:
        ValueError: as for :func:`soft_dice`.
    """
    saliency, mask = np.asarray(saliency), _checked_mask(mask, 'mask')
    if saliency.shape != mask.shape:
        raise ValueError(f'saliency of shape {saliency.shape} and mask of shape {mask.shape} do not belong together')
    if saliency.size and not (saliency.min() >= 0 and saliency.max() <= 1):
        raise ValueError(f'saliency must lie in [0, 1], got values from {saliency.min():g} to {saliency.max():g}')
    return saliency, mask


def _areas(predicted: np.ndarray, mask: np.ndarray) -> tuple[int, int, int]:
    """Intersection, predicted and annotated area in pixels."""
    predicted, mask = _checked_mask(predicted, 'prediction'), _checked_mask(mask, 'mask')
    if predicted.shape != mask.shape:
        raise ValueError(f'prediction of shape {predicted.shape} and mask of shape {mask.shape} do not belong together')
    return int((predicted & mask).sum()), int(predicted.sum()), int(mask.sum())


def _checked_mask(mask: np.ndarray, name: str) -> np.ndarray:
    mask = np.asarray(mask)
    if mask.dtype == bool:
        return mask
    as_bool = mask.astype(bool)
    if not np.array_equal(as_bool, mask):
        raise ValueError(f'{name} must hold 0 and 1 only, got values from {mask.min():g} to {mask.max():g}')
    return as_bool
