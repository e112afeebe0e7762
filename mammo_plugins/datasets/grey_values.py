"""Intensities as 16-bit grey values: what ``loading`` passes on, half as large as floats and exact for any detector.

Detectors deliver 10 to 14 bits and digitised film 16, so rounding to 65,536 levels loses nothing that was measured.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

WHITE = np.iinfo(np.uint16).max


def to_grey_values(intensities: npt.NDArray[np.float32]) -> npt.NDArray[np.uint16]:
    """Intensities in [0, 1], of any shape, as grey values from 0 to 65535.

    Raises:
        ValueError: an intensity lies outside, or is none.
    """
    low, high = float(intensities.min()), float(intensities.max())
    if not (0 <= low and high <= 1):
        raise ValueError(f'intensities must lie in [0, 1], got {low:g} to {high:g}')
    scaled = intensities * np.float32(WHITE)
    return np.rint(scaled, out=scaled).astype(np.uint16)


def from_grey_values(grey: npt.NDArray[np.uint16]) -> npt.NDArray[np.float32]:
    """Intensities in [0, 1] of grey values, of any shape."""
    return np.divide(grey, np.float32(WHITE), dtype=np.float32)
