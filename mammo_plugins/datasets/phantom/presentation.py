"""From physical images to the integers that a vendor stores."""

from __future__ import annotations

import numpy as np

from .compression import CompressedView
from .tissue import GLANDULAR
from .vendor_style import VendorStyle

_FAT_GREY = 0.3
_SLICE_WINDOW = (-0.15 * GLANDULAR, 0.75 * GLANDULAR)
_UNSHARP_MM = 1.4


def present_slice(slice_image: np.ndarray, view: CompressedView, vendor: VendorStyle) -> np.ndarray:
    """Stored values of a reconstructed slice, uint16 (H, W); the window is the same for every slice and volume."""
    low, high = _SLICE_WINDOW
    return _quantise((slice_image - low) / (high - low), view, vendor, vendor.dbt_bits)


def tissue_window(image: np.ndarray, view: CompressedView) -> tuple[float, float]:
    """Lowest and highest value that a mammogram or synthetic mammogram is windowed to, from its own tissue."""
    tissue = image[(view.skin_distance_mm[:, : image.shape[1]] > 4) & (view.pectoral_mm[:, : image.shape[1]] < 0)]
    low, high = np.percentile(tissue, [1, 99.5])
    return low, high


def present_projection(
    image: np.ndarray, view: CompressedView, vendor: VendorStyle, window: tuple[float, float] | None = None
) -> np.ndarray:
    """Stored values of a mammogram or synthetic mammogram, uint16 (H, W), windowed to its own tissue by default."""
    low, high = tissue_window(image, view) if window is None else window
    shares = _FAT_GREY / 2 + (0.93 - _FAT_GREY / 2) * (image - low) / max(high - low, 1e-6)
    return _quantise(shares, view, vendor, vendor.ffdm_bits)


def _quantise(shares: np.ndarray, view: CompressedView, vendor: VendorStyle, bits: int) -> np.ndarray:
    """Sharpens, tones and rounds; air is 0. Gives the full width of the detector."""
    shares = vendor.sharpen_details(shares.astype(np.float32), max(0.8, _UNSHARP_MM / view.pixel_mm))
    width = shares.shape[1]
    breast = np.clip(view.skin_distance_mm[:, :width] / max(1.2, view.pixel_mm), 0, 1)
    largest = 2**bits - 1
    stored = np.zeros(view.skin_distance_mm.shape, dtype=np.uint16)
    stored[:, :width] = np.round(largest * vendor.apply_tone(shares) * breast)
    return stored
