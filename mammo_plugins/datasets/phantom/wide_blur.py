"""Gaussian blur over many pixels."""

from __future__ import annotations

import cv2
import numpy as np

_SMALL_SIGMA = 3.0


def blur_wide(image: np.ndarray, sigma_pixels: float) -> np.ndarray:
    """Gaussian blur, borders repeated, that costs about the same at every pixel spacing.

    Args:
        image: float32 (H, W).
        sigma_pixels: standard deviation. Beyond :data:`_SMALL_SIGMA` the image is shrunk first, which changes the
            result by less than the blur hides.
    """
    factor = max(1, int(sigma_pixels / _SMALL_SIGMA))
    if factor == 1:
        return cv2.GaussianBlur(image, (0, 0), sigma_pixels, borderType=cv2.BORDER_REPLICATE)
    height, width = image.shape
    small = cv2.resize(image, (max(1, width // factor), max(1, height // factor)), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), sigma_pixels / factor, borderType=cv2.BORDER_REPLICATE)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
