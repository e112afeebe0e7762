"""How near an image that is to be normal comes to the true normal one: what of a lesion is gone, and what else is.

All functions take images of H x W pixels that lie pixel on pixel, intensities in [0, 1]. A number of no pixel is NaN.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

_SMALLEST_ERROR = (1 / 65535) ** 2 / 12  # of rounding to 16 bits
HARM = 0.1
"""Of the truth's range over the breast (5th to 95th percentile): a pixel that is off by more is harmed."""


def psnr(made: np.ndarray, truth: np.ndarray, region: np.ndarray) -> float:
    """Peak signal-to-noise ratio over a region in dB, for a peak of 1; at most 107, that of rounding to 16 bits.

    Args:
        made, truth: (H, W).
        region: (H, W) bool.
    """
    if not region.any():
        return float('nan')
    error = np.square(made[region].astype(np.float64) - truth[region]).mean()
    return float(-10 * np.log10(max(error, _SMALLEST_ERROR)))


def removed_share(made: np.ndarray, truth: np.ndarray, shown: np.ndarray, lesion: np.ndarray) -> float:
    """How much of a lesion is gone: 1 for all of it, 0 for nothing, below 0 where there is more of it.

    The lesion is what the image that shows it adds to the truth. What is left of it is the factor that fits best, in
    the least squares over its pixels, to what the made image adds; errors that are unlike the lesion have no part in
    it.

    Args:
        made, truth, shown: (H, W) the made image, the true normal one, the one with the lesion.
        lesion: (H, W) bool.
    """
    added = shown[lesion].astype(np.float64) - truth[lesion]
    weight = np.square(added).sum()
    if weight == 0:
        return float('nan')
    return float(1 - (added * (made[lesion].astype(np.float64) - truth[lesion])).sum() / weight)


def harmed_share(made: np.ndarray, truth: np.ndarray, tissue: np.ndarray, breast: np.ndarray) -> float:
    """The share of normal tissue that is off by more than a tenth of the breast's own range.

    Args:
        made, truth: (H, W).
        tissue: (H, W) bool, what was normal before.
        breast: (H, W) bool, over which the range is taken.
    """
    if not tissue.any():
        return float('nan')
    low, high = np.percentile(truth[breast], (5, 95))
    return float((np.abs(made[tissue].astype(np.float64) - truth[tissue]) > HARM * (high - low)).mean())


def normal_numbers(
    made: np.ndarray,
    truth: np.ndarray,
    shown: np.ndarray,
    lesion: np.ndarray,
    breast: np.ndarray,
    similarity: np.ndarray,
) -> dict[str, float]:
    """PSNR and SSIM inside and outside of lesions, how much of them is removed, how much else is harmed.

    Args:
        made, truth, shown, lesion, breast: as above.
        similarity: (H, W) structural similarity of made and truth at each pixel.
    """
    inside, outside = lesion & breast, breast & ~lesion
    return {
        'psnr_inside': psnr(made, truth, inside),
        'psnr_outside': psnr(made, truth, outside),
        'ssim_inside': _mean(similarity, inside),
        'ssim_outside': _mean(similarity, outside),
        'l1_outside': _mean(np.abs(made - truth), outside),
        'removed': removed_share(made, truth, shown, inside),
        'harmed': harmed_share(made, truth, outside, breast),
    }


def blur_breast(pixels: np.ndarray, breast: np.ndarray, sigma_px: float) -> np.ndarray:
    """A Gaussian mean over the breast at each of its pixels; what lies outside counts for none and stays."""
    weight = ndimage.gaussian_filter(breast.astype(np.float64), sigma_px)
    blurred = ndimage.gaussian_filter(np.where(breast, pixels, 0).astype(np.float64), sigma_px)
    return np.where(breast, blurred / np.maximum(weight, 1e-6), pixels)


def _mean(values: np.ndarray, region: np.ndarray) -> float:
    return float(values[region].mean(dtype=np.float64)) if region.any() else float('nan')
