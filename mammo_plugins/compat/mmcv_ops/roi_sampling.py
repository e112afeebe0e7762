"""Where RoIAlign samples a feature map, as interpolation weights along one axis.

A RoI of ``num_bins`` output cells an axis is sampled at G points a cell. Both axes are independent of each other, so
the samples of a feature map ``F`` (C, H, W) are ``R_y F R_x^T`` with one interpolation matrix an axis.

A sample up to one pixel outside the map takes the border value, one farther outside is zero.

Source: He et al., Mask R-CNN, ICCV 2017, section 3 (RoIAlign).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class RoIWindow:
    """One RoI in feature-map coordinates.

    Attributes:
        image: index of the image that it lies in.
        start_y, start_x: top left corner, 0-dimensional tensors.
        extent_y, extent_x: height and width, 0-dimensional tensors.
    """

    image: int
    start_y: torch.Tensor
    start_x: torch.Tensor
    extent_y: torch.Tensor
    extent_x: torch.Tensor

    def samples(self, rows: int, columns: int, sampling_ratio: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Sample positions (rows, G) along y and (columns, G') along x, for that many output cells."""
        return (
            sample_positions(self.start_y, self.extent_y, rows, sampling_ratio),
            sample_positions(self.start_x, self.extent_x, columns, sampling_ratio),
        )


def roi_windows(rois: torch.Tensor, spatial_scale: float, aligned: bool) -> list[RoIWindow]:
    """The windows of (K, 5) RoIs (image, x1, y1, x2, y2) in image pixels.

    ``aligned`` shifts by half a pixel, so that pixel centres lie at half-integers; otherwise a RoI is at least one
    feature pixel wide and high.
    """
    corners = rois[:, 1:] * spatial_scale - (0.5 if aligned else 0.0)
    extents = corners[:, 2:] - corners[:, :2]
    if not aligned:
        extents = extents.clamp(min=1.0)
    return [
        RoIWindow(int(image), corner[1], corner[0], extent[1], extent[0])
        for image, corner, extent in zip(rois[:, 0].tolist(), corners, extents)
    ]


def sample_positions(start: torch.Tensor, extent: torch.Tensor, num_bins: int, sampling_ratio: int) -> torch.Tensor:
    """Sample positions (num_bins, G) along one axis of a window.

    G is ``sampling_ratio``, or where that is 0 the number of feature pixels that a cell spans, rounded up.
    """
    bin_size = extent / num_bins
    per_bin = sampling_ratio if sampling_ratio > 0 else max(math.ceil(float(bin_size)), 0)
    bins = torch.arange(num_bins, dtype=start.dtype, device=start.device)
    steps = torch.arange(per_bin, dtype=start.dtype, device=start.device)
    return start + bins[:, None] * bin_size + (steps + 0.5) * bin_size / max(per_bin, 1)


def linear_taps(positions: torch.Tensor, size: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Indices and weights (..., 2) of the two pixels between which each position (...) lies on an axis of ``size``."""
    clamped = positions.clamp(0, size - 1)
    low = clamped.floor().clamp(max=max(size - 2, 0))
    fraction = clamped - low
    indices = torch.stack([low, (low + 1).clamp(max=size - 1)], dim=-1).long()
    weights = torch.stack([1 - fraction, fraction], dim=-1)
    outside = (positions < -1) | (positions > size)
    return indices, weights.masked_fill(outside[..., None], 0)


def interpolation_matrix(positions: torch.Tensor, size: int) -> torch.Tensor:
    """The matrix (..., size) that interpolates an axis of ``size`` pixels at each position (...)."""
    indices, weights = linear_taps(positions, size)
    return weights.new_zeros(*positions.shape, size).scatter_add_(-1, indices, weights)
