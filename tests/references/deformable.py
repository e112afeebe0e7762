"""Deformable convolution and deformable attention as plain loops, from the papers."""

from __future__ import annotations

import math

import numpy as np


def zero_padded_bilinear(feature: np.ndarray, y: float, x: float) -> float:
    """A map (H, W) between its pixels, where everything outside the map is zero."""
    height, width = feature.shape
    value = 0.0
    for row in (math.floor(y), math.floor(y) + 1):
        for column in (math.floor(x), math.floor(x) + 1):
            if 0 <= row < height and 0 <= column < width:
                value += feature[row, column] * (1 - abs(y - row)) * (1 - abs(x - column))
    return value


def deformable_convolution(
    features: np.ndarray,
    offset: np.ndarray,
    weight: np.ndarray,
    stride: int,
    padding: int,
    dilation: int,
    groups: int,
    deform_groups: int,
    mask: np.ndarray | None = None,
    bias: np.ndarray | None = None,
) -> np.ndarray:
    """Convolves features (N, C, H, W) with weight (C', C / groups, kh, kw) at displaced positions.

    ``offset`` (N, deform_groups * kh * kw * 2, H', W') holds y, then x of each kernel position; ``mask``
    (N, deform_groups * kh * kw, H', W') scales each sample.

    Source: Dai et al., Deformable Convolutional Networks, ICCV 2017, Eq. 2; Zhu et al., Deformable ConvNets v2, Eq. 1.
    """
    batch, channels = features.shape[:2]
    out_channels, in_group, kernel_h, kernel_w = weight.shape
    out_h, out_w = offset.shape[2:]
    output = np.zeros((batch, out_channels, out_h, out_w))
    for n, o, h, w in np.ndindex(*output.shape):
        first_channel = o // (out_channels // groups) * in_group
        total = 0.0 if bias is None else bias[o]
        for c, i, j in np.ndindex(in_group, kernel_h, kernel_w):
            channel = first_channel + c
            position = (channel // (channels // deform_groups) * kernel_h + i) * kernel_w + j
            y = h * stride - padding + i * dilation + offset[n, 2 * position, h, w]
            x = w * stride - padding + j * dilation + offset[n, 2 * position + 1, h, w]
            scale = 1.0 if mask is None else mask[n, position, h, w]
            total += weight[o, c, i, j] * scale * zero_padded_bilinear(features[n, channel], y, x)
        output[n, o, h, w] = total
    return output


def deformable_attention(
    value: np.ndarray, shapes: list[tuple[int, int]], locations: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    """Attends value (B, K, A, D) at locations (B, Q, A, L, P, 2) with weights (B, Q, A, L, P), to (B, Q, A * D).

    Source: Zhu et al., Deformable DETR, ICLR 2021, Eq. 3. A location runs from 0 to 1 across the outer pixel edges.
    """
    batch, _, heads, channels = value.shape
    queries = locations.shape[1]
    output = np.zeros((batch, queries, heads, channels))
    starts = np.cumsum([0] + [height * width for height, width in shapes])
    for b, q, a, level, p in np.ndindex(*weights.shape):
        height, width = shapes[level]
        x, y = locations[b, q, a, level, p]
        for d in range(channels):
            feature = value[b, starts[level] : starts[level + 1], a, d].reshape(height, width)
            sample = zero_padded_bilinear(feature, y * height - 0.5, x * width - 0.5)
            output[b, q, a, d] += weights[b, q, a, level, p] * sample
    return output.reshape(batch, queries, heads * channels)
