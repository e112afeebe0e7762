"""RoIAlign: the operators behind ``mmcv.ops.roi_align``.

K RoIs, C channels, H x W feature map, P x Q output cells. mmcv allocates the outputs; the operators fill them.
"""

from __future__ import annotations

import torch
import torchvision  # noqa: F401  registers torch.ops.torchvision

from .precision import widen
from .roi_sampling import RoIWindow, interpolation_matrix, linear_taps, roi_windows

_POOL_MAX = 0


def roi_align_forward(
    input: torch.Tensor,
    rois: torch.Tensor,
    output: torch.Tensor,
    argmax_y: torch.Tensor,
    argmax_x: torch.Tensor,
    aligned_height: int,
    aligned_width: int,
    spatial_scale: float,
    sampling_ratio: int,
    pool_mode: int,
    aligned: bool,
) -> None:
    """Pools ``input`` (N, C, H, W) in ``rois`` (K, 5) into ``output`` (K, C, P, Q).

    ``pool_mode`` 1 averages the samples of a cell; 0 takes their maximum and keeps the row and column of that sample
    within its cell in ``argmax_y`` and ``argmax_x`` (K, C, P, Q). A cell without samples pools 0.
    """
    features, boxes = _same_dtype(input, rois)
    if pool_mode != _POOL_MAX:
        size = (aligned_height, aligned_width)
        output.copy_(torch.ops.torchvision.roi_align(features, boxes, spatial_scale, *size, sampling_ratio, aligned))
        return
    for index, window in enumerate(roi_windows(boxes, spatial_scale, aligned)):
        ys, xs = window.samples(aligned_height, aligned_width, sampling_ratio)
        if ys.numel() and xs.numel():
            values, places = _pool_max(features[window.image], ys, xs)
            output[index] = values
            argmax_y[index], argmax_x[index] = places // xs.shape[1], places % xs.shape[1]


def roi_align_backward(
    grad_output: torch.Tensor,
    rois: torch.Tensor,
    argmax_y: torch.Tensor,
    argmax_x: torch.Tensor,
    grad_input: torch.Tensor,
    aligned_height: int,
    aligned_width: int,
    spatial_scale: float,
    sampling_ratio: int,
    pool_mode: int,
    aligned: bool,
) -> None:
    """Adds the gradient of ``roi_align_forward`` to ``grad_input`` (N, C, H, W)."""
    gradient, boxes = _same_dtype(grad_output, rois)
    if pool_mode == _POOL_MAX:
        windows = roi_windows(boxes, spatial_scale, aligned)
        places = (argmax_y.long(), argmax_x.long())
        result = _max_gradient(gradient, windows, places, grad_input.shape, sampling_ratio)
    elif gradient.is_cuda and torch.are_deterministic_algorithms_enabled():
        windows = roi_windows(boxes, spatial_scale, aligned)
        result = average_gradient_by_matrices(gradient, windows, grad_input.shape, sampling_ratio)
    else:
        size = (aligned_height, aligned_width)
        result = torch.ops.torchvision._roi_align_backward(
            gradient, boxes, spatial_scale, *size, *grad_input.shape, sampling_ratio, aligned
        )
    grad_input.add_(result)


def average_gradient_by_matrices(
    gradient: torch.Tensor, windows: list[RoIWindow], input_shape: torch.Size, sampling_ratio: int
) -> torch.Tensor:
    """Gradient of average pooling with respect to the features, one RoI at a time.

    torchvision's CUDA kernel adds the RoIs up in no fixed order. This one is slower and gives the same bits each time.

    Args:
        gradient: (K, C, P, Q).
        windows: the K RoIs.
        input_shape: (N, C, H, W).
        sampling_ratio: samples a cell and axis, 0 for one a feature pixel.
    """
    total = gradient.new_zeros(input_shape)
    height, width = input_shape[2:]
    for window, cell_gradient in zip(windows, gradient):
        ys, xs = window.samples(cell_gradient.shape[1], cell_gradient.shape[2], sampling_ratio)
        if ys.numel() and xs.numel():
            mean_y = interpolation_matrix(ys, height).mean(dim=1)
            mean_x = interpolation_matrix(xs, width).mean(dim=1)
            with torch.autocast(gradient.device.type, enabled=False):
                total[window.image] += mean_y.T @ cell_gradient @ mean_x
    return total


def _same_dtype(features: torch.Tensor, rois: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    features = widen(features)
    return features, rois.to(features.dtype)


def _pool_max(features: torch.Tensor, ys: torch.Tensor, xs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Largest sample of each cell, and its index among the cell's samples in reading order, each (C, P, Q).

    ``ys`` (P, G) and ``xs`` (Q, G') are the sample positions of one RoI.
    """
    channels, height, width = features.shape
    with torch.autocast(features.device.type, enabled=False):
        samples = interpolation_matrix(ys.flatten(), height) @ features @ interpolation_matrix(xs.flatten(), width).T
    cells = samples.reshape(channels, *ys.shape, *xs.shape).transpose(2, 3).flatten(start_dim=3)
    return cells.max(dim=-1)


def _max_gradient(
    gradient: torch.Tensor,
    windows: list[RoIWindow],
    places: tuple[torch.Tensor, torch.Tensor],
    input_shape: torch.Size,
    sampling_ratio: int,
) -> torch.Tensor:
    """Spreads each cell's gradient over the four pixels around its largest sample.

    ``places`` are the row and column (K, C, P, Q) of that sample within its cell.
    """
    total = gradient.new_zeros(input_shape)
    channels, rows, columns = (torch.arange(size, device=gradient.device) for size in gradient.shape[1:])
    for index, window in enumerate(windows):
        ys, xs = window.samples(len(rows), len(columns), sampling_ratio)
        if not (ys.numel() and xs.numel()):
            continue
        pixel_rows, row_weights = linear_taps(ys[rows[:, None], places[0][index]], input_shape[2])
        pixel_columns, column_weights = linear_taps(xs[columns, places[1][index]], input_shape[3])
        for y in range(2):
            for x in range(2):
                share = gradient[index] * row_weights[..., y] * column_weights[..., x]
                pixels = (channels[:, None, None], pixel_rows[..., y], pixel_columns[..., x])
                total[window.image].index_put_(pixels, share, accumulate=True)
    return total
