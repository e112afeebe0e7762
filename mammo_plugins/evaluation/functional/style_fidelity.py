"""Whether an image that was shown in another style still shows the same: lesions, and structures anywhere.

All functions take images of H x W pixels that lie pixel on pixel.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import ndimage

_MAD_TO_SIGMA = 1.4826  # of a normal distribution
_LEAST_PIXELS = 4
_GREY_VALUE = 1 / 65535


class StructureChanges(NamedTuple):
    """Bright structures before and after.

    Attributes:
        before: how many there were.
        vanished: of these, how many meet none afterwards.
        after: how many there are.
        appeared: of these, how many meet none from before.
    """

    before: int
    vanished: int
    after: int
    appeared: int


def lesion_contrast(pixels: np.ndarray, lesion: np.ndarray, breast: np.ndarray, ring_px: int) -> float:
    """Mean intensity of a lesion less that of the ring around it; NaN where either has no pixel on the breast.

    Args:
        pixels: (H, W) intensities.
        lesion, breast: (H, W) bool.
        ring_px: width of the ring.
    """
    inside, ring = _lesion_and_ring(lesion, breast, ring_px)
    if not inside.any() or not ring.any():
        return float('nan')
    return float(pixels[inside].mean(dtype=np.float64) - pixels[ring].mean(dtype=np.float64))


def lesion_region(pixels: np.ndarray, lesion: np.ndarray, breast: np.ndarray, ring_px: int) -> np.ndarray:
    """(H, W) bool, what of a lesion and its ring is brighter than the middle between the means of both.

    Nothing is, where the lesion is not brighter than its ring by a 16-bit grey value. A change of the tone moves both
    means and the middle with them, so that the region stays.

    Args:
        pixels, lesion, breast, ring_px: as for :func:`lesion_contrast`.
    """
    contrast = lesion_contrast(pixels, lesion, breast, ring_px)
    if not contrast > _GREY_VALUE:
        return np.zeros(lesion.shape, dtype=bool)
    inside, ring = _lesion_and_ring(lesion, breast, ring_px)
    return (inside | ring) & (pixels > pixels[ring].mean(dtype=np.float64) + contrast / 2)


def bright_structures(
    pixels: np.ndarray, breast: np.ndarray, radius_px: float, deviations: float = 2.5
) -> tuple[np.ndarray, int]:
    """Regions of the breast that are brighter than their surroundings.

    A pixel counts where it lies so many standard deviations above the mean around it; the deviation is that of these
    differences over the breast, told by their median, so that the structures themselves do not raise it. Regions of
    less than 4 pixels are noise.

    Args:
        pixels: (H, W) intensities.
        breast: (H, W) bool; what lies outside counts for no mean.
        radius_px: standard deviation of the Gaussian that weighs the surroundings.
        deviations: how far above.

    Returns:
        (H, W) number of the region from 1 on, 0 elsewhere, and how many there are.
    """
    weight = ndimage.gaussian_filter(breast.astype(np.float64), radius_px)
    around = ndimage.gaussian_filter(np.where(breast, pixels, 0).astype(np.float64), radius_px)
    difference = np.where(breast, pixels - around / np.maximum(weight, 1e-6), 0)
    middle = np.median(difference[breast]) if breast.any() else 0.0
    spread = _MAD_TO_SIGMA * np.median(np.abs(difference[breast] - middle)) if breast.any() else 0.0
    regions, count = ndimage.label(breast & (difference > middle + deviations * spread))
    large = np.flatnonzero(np.bincount(regions.ravel(), minlength=count + 1)[1:] >= _LEAST_PIXELS) + 1
    number_of = np.zeros(count + 1, dtype=np.int64)
    number_of[large] = np.arange(1, len(large) + 1)
    return number_of[regions], len(large)


def compare_structures(
    before: np.ndarray, after: np.ndarray, breast: np.ndarray, radius_px: float, deviations: float = 2.5
) -> StructureChanges:
    """What vanishes and what appears; see :func:`bright_structures`."""
    regions_before, count_before = bright_structures(before, breast, radius_px, deviations)
    regions_after, count_after = bright_structures(after, breast, radius_px, deviations)
    kept = np.unique(regions_before[regions_after > 0])
    known = np.unique(regions_after[regions_before > 0])
    return StructureChanges(
        count_before, count_before - np.count_nonzero(kept), count_after, count_after - np.count_nonzero(known)
    )


def _lesion_and_ring(lesion: np.ndarray, breast: np.ndarray, ring_px: int) -> tuple[np.ndarray, np.ndarray]:
    if ring_px < 1:
        raise ValueError(f'a ring is at least 1 pixel wide, got {ring_px}')
    near = ndimage.binary_dilation(lesion, iterations=ring_px)
    return lesion & breast, near & ~lesion & breast
