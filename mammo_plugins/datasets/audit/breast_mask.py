"""Where the breast lies in an image.

The rule is that of :class:`~mammo_plugins.datasets.transforms.CropBreast`, which needs torch and mmdet: the largest
connected region above 5 % of the way from the 1st to the 99th percentile, looked for at reduced size.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

_THRESHOLD, _PERCENTILES = 0.05, (1, 99)
_MIN_AREA = 0.01  # of the image; CropBreast refuses less
_DECISION_SIZE = 512  # pixels of the longer side


def find_breast_mask(pixels: np.ndarray) -> np.ndarray:
    """(H, W) bool, true on the breast; false everywhere where nothing is bright and large enough.

    Args:
        pixels: (H, W), dark background.
    """
    stride = decision_stride(pixels)
    coarse = pixels[::stride, ::stride]
    low, high = np.percentile(coarse, _PERCENTILES)
    regions, count = ndimage.label(coarse > low + _THRESHOLD * (high - low))
    areas = np.bincount(regions.ravel(), minlength=2)[1:]
    if count == 0 or areas.max() < _MIN_AREA * coarse.size:
        return np.zeros(pixels.shape, dtype=bool)
    mask = regions == int(areas.argmax()) + 1
    return mask.repeat(stride, axis=0).repeat(stride, axis=1)[: pixels.shape[0], : pixels.shape[1]]


def decision_stride(pixels: np.ndarray) -> int:
    """The step at which an image is looked at where every pixel is not needed."""
    return max(1, -(-max(pixels.shape) // _DECISION_SIZE))
