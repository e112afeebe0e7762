"""RoI max pooling: the operators behind ``mmcv.ops.roi_pool``.

torchvision's ``roi_pool`` rounds a RoI to whole feature pixels before it is divided into cells, mmcv divides first;
the two differ, so this is plain PyTorch.

Source: Girshick, Fast R-CNN, ICCV 2015, section 2.1.
"""

from __future__ import annotations

import torch

from .precision import widen


def roi_pool_forward(
    input: torch.Tensor,
    rois: torch.Tensor,
    output: torch.Tensor,
    argmax: torch.Tensor,
    pooled_height: int,
    pooled_width: int,
    spatial_scale: float,
) -> None:
    """Writes the maxima of ``input`` (N, C, H, W) in the cells of ``rois`` (K, 5) to ``output`` (K, C, P, Q).

    ``argmax`` (K, C, P, Q) receives their flat index in the H x W map, -1 for a cell that covers no pixel and pools 0.
    A RoI ends with its last pixel included, as mmcv has it.
    """
    features = widen(input)
    height, width = input.shape[2:]
    corners = widen(rois)[:, 1:]
    starts, ends = corners[:, :2] * spatial_scale, (corners[:, 2:] + 1) * spatial_scale
    argmax.fill_(-1)
    for index, image in enumerate(rois[:, 0].long().tolist()):
        start, extent = starts[index], ends[index] - starts[index]
        if not bool((extent > 0).all()):
            continue
        row_cells = _cells(start[1], extent[1], pooled_height, height)
        column_cells = _cells(start[0], extent[0], pooled_width, width)
        for row, (top, bottom) in enumerate(row_cells):
            for column, (left, right) in enumerate(column_cells):
                if bottom > top and right > left:
                    values, places = features[image, :, top:bottom, left:right].flatten(start_dim=1).max(dim=1)
                    output[index, :, row, column] = values.to(output.dtype)
                    place_y, place_x = top + places // (right - left), left + places % (right - left)
                    argmax[index, :, row, column] = (place_y * width + place_x).to(argmax.dtype)


def roi_pool_backward(
    grad_output: torch.Tensor,
    rois: torch.Tensor,
    argmax: torch.Tensor,
    grad_input: torch.Tensor,
    pooled_height: int,
    pooled_width: int,
    spatial_scale: float,
) -> None:
    """Adds each cell's gradient to the pixel that was its maximum, in ``grad_input`` (N, C, H, W)."""
    total = torch.zeros_like(widen(grad_input)).flatten(start_dim=2)
    filled = argmax >= 0
    images = rois[:, 0].long()[:, None, None, None].expand_as(argmax)
    channels = torch.arange(argmax.shape[1], device=argmax.device)[:, None, None].expand_as(argmax)
    places = (images[filled], channels[filled], argmax[filled].long())
    total.index_put_(places, widen(grad_output)[filled], accumulate=True)
    grad_input.add_(total.view(grad_input.shape))


def _cells(start: torch.Tensor, extent: torch.Tensor, num_bins: int, size: int) -> list[tuple[int, int]]:
    """First and one-past-last pixel of each cell along one axis of ``size`` pixels."""
    edges = start + torch.arange(num_bins + 1, dtype=start.dtype, device=start.device) * (extent / num_bins)
    firsts = edges[:-1].floor().clamp(0, size).long().tolist()
    lasts = edges[1:].ceil().clamp(0, size).long().tolist()
    return list(zip(firsts, lasts))
