"""Nipple and chest wall, told from the image alone.

CC: the chest wall is the image edge, the nipple the outermost point of the breast. MLO: the chest wall is a straight
line along the border of the pectoral muscle, or the line of an average breast where no border shows. The nipple is the
point that is farthest from that line, where the breast is wide and below its upper quarter: higher up is the arm.

Source: averages over the lines that radiologists drew in 2,000 MLO of VinDr-Mammo (Tanyel et al., Deep-Breath 2024).
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from scipy import ndimage

from mammo_plugins.structures.breast_landmarks import ASSUMED, ESTIMATED, BreastLandmarks

from .breast_region import decision_stride, find_breast_region

AVERAGE_ANGLE_DEG, AVERAGE_WIDTH_MM = 21.7, 59.0
"""Of the pectoral line: its angle to the vertical, and where it meets the upper edge."""

_UPPER_SHARE, _WIDEST_BELOW, _LEAST_WIDTH = 0.25, 0.3, 0.6
_ANGLES_DEG = np.arange(8.0, 41.0)
_WIDTHS_MM = np.arange(20.0, 111.0)
_LENGTH_MM = (60.0, 220.0)
_WORKING_MM, _SMOOTHING_MM = 1.0, 2.0
_LEAST_MARKED_SHARE = 0.75  # of a line, where the muscle's side is clearly the brighter one


def estimate_landmarks(pixels: np.ndarray, position: str, pixel_mm: tuple[float, float]) -> BreastLandmarks:
    """Nipple and chest wall of a canonical image.

    Args:
        pixels: (H, W), dark background; chest wall left, upper end up.
        position: ``CC``; any other is seen from the side and treated as ``MLO``.
        pixel_mm: size of a pixel along x and y.

    Raises:
        ValueError: there is no breast.
    """
    stride = decision_stride(pixels)
    region = find_breast_region(pixels)
    step = (stride * pixel_mm[0], stride * pixel_mm[1])
    if position == 'CC':
        line, source = (0.0, 0.0, 0.0, region.shape[0] * step[1]), ESTIMATED
        nipple = _outermost(region, step, 0.0)
    else:
        fitted = fit_pectoral_line(pixels, region.repeat(stride, 0).repeat(stride, 1), pixel_mm)
        angle_deg, width_mm = fitted or (AVERAGE_ANGLE_DEG, AVERAGE_WIDTH_MM)
        source = ESTIMATED if fitted else ASSUMED
        line = (width_mm, 0.0, 0.0, width_mm / math.tan(math.radians(angle_deg)))
        nipple = _outermost(_without_arm(region), step, angle_deg)
    x, y = pixel_mm
    return BreastLandmarks(
        (nipple[0] / x, nipple[1] / y), (line[0] / x, line[1] / y, line[2] / x, line[3] / y), ESTIMATED, source
    )


def fit_pectoral_line(
    pixels: np.ndarray, breast: np.ndarray, pixel_mm: tuple[float, float]
) -> tuple[float, float] | None:
    """The straight line along which brightness falls most steadily from the upper chest wall to the breast.

    Args:
        pixels: (H, W) of a canonical MLO.
        breast: (H, W) bool or larger, true on the breast.
        pixel_mm: size of a pixel along x and y.

    Returns:
        Its angle to the vertical in degrees and its distance from the left edge at the upper one in mm; None where no
        line is marked well.
    """
    height, width = pixels.shape
    size = (max(1, round(width * pixel_mm[0] / _WORKING_MM)), max(1, round(height * pixel_mm[1] / _WORKING_MM)))
    grey = cv2.resize(pixels.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    inside = cv2.resize(breast[:height, :width].astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    smooth = ndimage.gaussian_filter(grey, _SMOOTHING_MM / _WORKING_MM, mode='nearest')
    down, right = np.gradient(smooth)
    clear = float(np.median(np.hypot(down, right)[inside]))
    inside = ndimage.binary_erosion(inside, iterations=4, border_value=1)  # the skin is an edge too
    best, found = 0.0, None
    for angle_deg in _ANGLES_DEG:
        marked, length = _marks(down, right, inside, math.radians(angle_deg), clear)
        share = marked / np.maximum(length, 1)
        fits = (length >= _LENGTH_MM[0]) & (length <= _LENGTH_MM[1]) & (share >= _LEAST_MARKED_SHARE)
        score = np.where(fits, share * np.sqrt(length), 0.0)
        if score.max() > best:
            best, found = float(score.max()), (float(angle_deg), float(_WIDTHS_MM[score.argmax()]))
    return found


def _marks(
    down: np.ndarray, right: np.ndarray, inside: np.ndarray, angle: float, clear: float
) -> tuple[np.ndarray, np.ndarray]:
    """(widths,) how many mm of the lines of one angle are marked, in parts of a mm, and their whole lengths."""
    rows = np.arange(len(inside))
    columns = np.round(_WIDTHS_MM[:, None] / _WORKING_MM - 0.5 - (rows + 0.5) * math.tan(angle)).astype(int)
    on_image = (columns >= 0) & (columns < inside.shape[1])
    columns = np.clip(columns, 0, inside.shape[1] - 1)
    fall = -(right[rows, columns] * math.cos(angle) + down[rows, columns] * math.sin(angle))
    marked = np.clip(fall / (2 * clear + 1e-12), 0, 1) * (inside[rows, columns] & on_image)
    per_row = _WORKING_MM / math.cos(angle)
    return marked.sum(1) * per_row, on_image.sum(1) * per_row


def _without_arm(region: np.ndarray) -> np.ndarray:
    """Rows below the upper quarter of the breast that are wide enough."""
    rows = np.flatnonzero(region.any(1))
    first, height = rows[0], rows[-1] + 1 - rows[0]
    widths = region.shape[1] - np.argmax(region[:, ::-1], axis=1)
    widths = np.where(region.any(1), widths, 0)
    widest = widths[first + math.ceil(_WIDEST_BELOW * height) :].max()
    kept = (np.arange(len(region)) >= first + _UPPER_SHARE * height) & (widths >= _LEAST_WIDTH * widest)
    return region & kept[:, None]


def _outermost(region: np.ndarray, step_mm: tuple[float, float], angle_deg: float) -> tuple[float, float]:
    """(x, y) in mm of the skin that lies farthest across a line of this angle; the middle of equals."""
    rows = np.flatnonzero(region.any(1))
    x = (region.shape[1] - np.argmax(region[rows, ::-1], axis=1)) * step_mm[0]
    y = (rows + 0.5) * step_mm[1]
    across = x * math.cos(math.radians(angle_deg)) + y * math.sin(math.radians(angle_deg))
    best = across >= across.max() - 1e-6 * step_mm[0]
    return float(x[best].mean()), float(y[best].mean())
