"""Numbers of one image; arrays in, numbers out."""

from __future__ import annotations

import hashlib

import numpy as np

from ..breast_region import decision_stride
from .box_contrast import Box, pixel_window

_STRIP_FRACTION = 0.05
_FLAT_SHARE = 0.05
_LEAST_AIR = 0.05


def pixel_digest(stored: np.ndarray, num_slices: int) -> str:
    """SHA-256 of the size and the stored values of an image, or of the middle slice of a volume.

    Decoded values rather than the bytes of the file: a copy that was compressed in another way, or has another header,
    has the same ones. The middle slice suffices for a volume, since noise makes two exposures differ everywhere, and
    decoding all slices would take as many times as long.

    Args:
        stored: (H, W) stored values; signed ones may be shifted to start at 0.
        num_slices: of the whole image.
    """
    digest = hashlib.sha256(f'{num_slices} {stored.shape[0]} {stored.shape[1]} '.encode())
    digest.update(np.ascontiguousarray(stored, dtype='<u2').tobytes())
    return digest.hexdigest()


def has_bright_background(pixels: np.ndarray) -> bool:
    """Whether the air beside the breast is bright.

    Air is the flatter one of the two edge strips (the chest wall lies at the other). It counts as bright where it is
    flat and above the middle between the 1st and the 99th percentile of the image.

    Args:
        pixels: (H, W), supposed to be dense tissue bright.
    """
    stride = decision_stride(pixels)
    coarse = pixels[::stride, ::stride]
    low, high = np.percentile(coarse, (1, 99))
    columns = max(1, round(_STRIP_FRACTION * coarse.shape[1]))
    spread, level = min(_spread_and_level(strip) for strip in (coarse[:, :columns], coarse[:, -columns:]))
    return bool(high > low and spread < _FLAT_SHARE * (high - low) and level > (low + high) / 2)


def _spread_and_level(values: np.ndarray) -> tuple[float, float]:
    lower, middle, upper = np.percentile(values, (25, 50, 75))
    return float(upper - lower), float(middle)


def shown_range(shown: np.ndarray, mask: np.ndarray) -> float:
    """Difference of the 99th and the 1st percentile of the breast; 0 where there is none.

    Args:
        shown: (H, W) in [0, 1], as the header asks to show the image.
        mask: (H, W) bool, the breast.
    """
    if not mask.any():
        return 0.0
    low, high = np.percentile(shown[mask], (1, 99))
    return float(high - low)


def clipped_share(shown: np.ndarray, mask: np.ndarray) -> float:
    """The larger one of the shares of the breast that are white, and that are black; 0 where there is no breast.

    Args:
        shown: (H, W) in [0, 1], as the header asks to show the image.
        mask: (H, W) bool, the breast.
    """
    if not mask.any():
        return 0.0
    inside = shown[mask]
    return float(max((inside >= 1).mean(), (inside <= 0).mean()))


def shown_levels(shown: np.ndarray, mask: np.ndarray) -> tuple[float | None, float | None]:
    """Medians of what is beside the breast and of the breast; None where either covers less than 5% of the image.

    Args:
        shown: (H, W) in [0, 1], as the header asks to show the image.
        mask: (H, W) bool, the breast.
    """
    if not _LEAST_AIR <= mask.mean() <= 1 - _LEAST_AIR:
        return None, None
    return float(np.median(shown[~mask])), float(np.median(shown[mask]))


def breast_share(mask: np.ndarray, box_xywh: Box) -> float:
    """Share of a box's area that lies on the breast; what lies outside the image does not.

    Args:
        mask: (H, W) bool.
        box_xywh: in pixels of the image.
    """
    left, top, right, bottom = pixel_window(box_xywh, mask.shape)
    touched = max(1, int(np.ceil(box_xywh[2])) * int(np.ceil(box_xywh[3])))
    return min(1.0, float(mask[top:bottom, left:right].sum()) / touched)
