"""Where the breast lies in an image, told from the image alone.

The breast is the largest connected region above a grey level between the darkest and the brightest percentile; labels
and markers are other regions. It is looked for at reduced size.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

THRESHOLD, PERCENTILES, MIN_AREA = 0.05, (1.0, 99.0), 0.01
_DECISION_SIZE = 512  # pixels of the longer side


def background_limit(
    img: np.ndarray, threshold: float = THRESHOLD, percentiles: tuple[float, float] = PERCENTILES
) -> float:
    """The grey level up to which a pixel is background.

    Args:
        img: (..., H, W), dark background.
        threshold: between the darkest percentile (0) and the brightest (1).
        percentiles: the darkest and the brightest, in percent.
    """
    low, high = np.percentile(img, percentiles)
    return low + threshold * (high - low)


def decision_stride(pixels: np.ndarray) -> int:
    """The step at which an image (H, W) is looked at where not every pixel is needed."""
    return max(1, -(-max(pixels.shape) // _DECISION_SIZE))


def find_breast_region(
    pixels: np.ndarray,
    threshold: float = THRESHOLD,
    percentiles: tuple[float, float] = PERCENTILES,
    min_area: float = MIN_AREA,
) -> np.ndarray:
    """The breast at reduced size: (ceil(H / s), ceil(W / s)) bool with s of :func:`decision_stride`.

    Args:
        pixels: (H, W), dark background.
        threshold, percentiles: see :func:`background_limit`.
        min_area: smallest fraction of the image that a breast may cover.

    Raises:
        ValueError: nothing is bright and large enough.
    """
    stride = decision_stride(pixels)
    coarse = pixels[::stride, ::stride]
    regions, count = ndimage.label(coarse > background_limit(coarse, threshold, percentiles))
    areas = np.bincount(regions.ravel(), minlength=2)[1:]
    if count == 0 or areas.max() < min_area * coarse.size:
        raise ValueError(
            f'no breast found: the largest bright region covers {areas.max() / coarse.size:.1%} of the image, '
            f'less than {min_area:.1%}'
        )
    return regions == int(areas.argmax()) + 1


def find_breast_mask(pixels: np.ndarray) -> np.ndarray:
    """(H, W) bool, true on the breast; false everywhere where there is none.

    Args:
        pixels: (H, W), dark background.
    """
    stride = decision_stride(pixels)
    try:
        region = find_breast_region(pixels)
    except ValueError:
        return np.zeros(pixels.shape, dtype=bool)
    return region.repeat(stride, axis=0).repeat(stride, axis=1)[: pixels.shape[0], : pixels.shape[1]]
