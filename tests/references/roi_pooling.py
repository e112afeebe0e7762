"""RoIAlign and RoI max pooling as plain loops, from the definitions.

K RoIs (image, x1, y1, x2, y2), C channels, P x Q output cells.
"""

from __future__ import annotations

import math

import numpy as np


def bilinear(feature: np.ndarray, y: float, x: float) -> float:
    """A map (H, W) between its pixels: the border value up to one pixel outside, zero beyond."""
    height, width = feature.shape
    if y < -1 or y > height or x < -1 or x > width:
        return 0.0
    y, x = min(max(y, 0), height - 1), min(max(x, 0), width - 1)
    top, left = int(y), int(x)
    bottom, right = min(top + 1, height - 1), min(left + 1, width - 1)
    below, beside = y - top, x - left
    upper = feature[top, left] * (1 - beside) + feature[top, right] * beside
    lower = feature[bottom, left] * (1 - beside) + feature[bottom, right] * beside
    return upper * (1 - below) + lower * below


def roi_align(
    features: np.ndarray,
    rois: np.ndarray,
    output_size: tuple[int, int],
    spatial_scale: float,
    sampling_ratio: int,
    pool_mode: str,
    aligned: bool,
) -> np.ndarray:
    """Pools features (N, C, H, W) to (K, C, P, Q): mean or maximum of regularly spaced samples in each cell.

    Source: He et al., Mask R-CNN, ICCV 2017, section 3.
    """
    channels = features.shape[1]
    output = np.zeros((len(rois), channels, *output_size))
    for k, (image, *corners) in enumerate(rois):
        x1, y1, x2, y2 = (corner * spatial_scale - (0.5 if aligned else 0) for corner in corners)
        width, height = x2 - x1, y2 - y1
        if not aligned:
            width, height = max(width, 1), max(height, 1)
        cell_height, cell_width = height / output_size[0], width / output_size[1]
        per_y = sampling_ratio or math.ceil(cell_height)
        per_x = sampling_ratio or math.ceil(cell_width)
        for channel in range(channels):
            for p, q in np.ndindex(*output_size):
                samples = [
                    bilinear(
                        features[int(image), channel],
                        y1 + (p + (i + 0.5) / per_y) * cell_height,
                        x1 + (q + (j + 0.5) / per_x) * cell_width,
                    )
                    for i in range(per_y)
                    for j in range(per_x)
                ]
                if samples:
                    output[k, channel, p, q] = max(samples) if pool_mode == 'max' else sum(samples) / len(samples)
    return output


def roi_pool(features: np.ndarray, rois: np.ndarray, output_size: tuple[int, int], spatial_scale: float) -> np.ndarray:
    """Maximum of the whole pixels that each cell touches, (K, C, P, Q); 0 where it touches none.

    Source: Girshick, Fast R-CNN, ICCV 2015, section 2.1; a RoI ends with its last pixel included.
    """
    _, channels, height, width = features.shape
    output = np.zeros((len(rois), channels, *output_size))
    for k, (image, x1, y1, x2, y2) in enumerate(rois):
        left, top = x1 * spatial_scale, y1 * spatial_scale
        cell_width = ((x2 + 1) * spatial_scale - left) / output_size[1]
        cell_height = ((y2 + 1) * spatial_scale - top) / output_size[0]
        for channel in range(channels):
            for p, q in np.ndindex(*output_size):
                rows = range(
                    max(math.floor(top + p * cell_height), 0), min(math.ceil(top + (p + 1) * cell_height), height)
                )
                columns = range(
                    max(math.floor(left + q * cell_width), 0), min(math.ceil(left + (q + 1) * cell_width), width)
                )
                values = [features[int(image), channel, row, column] for row in rows for column in columns]
                output[k, channel, p, q] = max(values, default=0.0)
    return output
