"""Multi-scale deformable attention: the operators behind ``mmcv.ops.MultiScaleDeformableAttention``.

B images, L feature levels, K = sum of all levels' pixels, Q queries, A heads, P points a level, D channels a head.

Source: Zhu et al., Deformable DETR, ICLR 2021, Eq. 3.
"""

from __future__ import annotations

import torch
from torch.nn.functional import grid_sample

from .precision import widen


def ms_deform_attn_forward(
    value: torch.Tensor,
    value_spatial_shapes: torch.Tensor,
    value_level_start_index: torch.Tensor,
    sampling_locations: torch.Tensor,
    attention_weights: torch.Tensor,
    im2col_step: int,
) -> torch.Tensor:
    """The attended values (B, Q, A * D).

    Args:
        value: (B, K, A, D).
        value_spatial_shapes: (L, 2) height and width of each level.
        value_level_start_index: (L,) where each level starts among the K pixels.
        sampling_locations: (B, Q, A, L, P, 2) as (x, y), 0 to 1 across the level.
        attention_weights: (B, Q, A, L, P).
        im2col_step: images a kernel call; a memory setting of the compiled operator, unused.
    """
    attended = _attend(widen(value), value_spatial_shapes, widen(sampling_locations), widen(attention_weights))
    return attended.to(value.dtype)


def ms_deform_attn_backward(
    value: torch.Tensor,
    value_spatial_shapes: torch.Tensor,
    value_level_start_index: torch.Tensor,
    sampling_locations: torch.Tensor,
    attention_weights: torch.Tensor,
    grad_output: torch.Tensor,
    grad_value: torch.Tensor,
    grad_sampling_loc: torch.Tensor,
    grad_attn_weight: torch.Tensor,
    im2col_step: int,
) -> None:
    """Adds the gradients with respect to value, sampling locations and attention weights."""
    inputs = [widen(tensor).detach().requires_grad_() for tensor in (value, sampling_locations, attention_weights)]
    with torch.enable_grad():
        attended = _attend(inputs[0], value_spatial_shapes, inputs[1], inputs[2])
    gradients = torch.autograd.grad(attended, inputs, widen(grad_output))
    for target, gradient in zip((grad_value, grad_sampling_loc, grad_attn_weight), gradients):
        target.add_(gradient)


def _attend(
    value: torch.Tensor, spatial_shapes: torch.Tensor, locations: torch.Tensor, weights: torch.Tensor
) -> torch.Tensor:
    batch, _, heads, channels = value.shape
    queries, points = locations.shape[1], locations.shape[4]
    shapes = [tuple(shape) for shape in spatial_shapes.tolist()]
    total = value.new_zeros(batch * heads, channels, queries)
    for level, level_value in enumerate(value.split([height * width for height, width in shapes], dim=1)):
        feature_map = level_value.permute(0, 2, 3, 1).reshape(batch * heads, channels, *shapes[level])
        grid = locations[:, :, :, level].transpose(1, 2).reshape(batch * heads, queries, points, 2) * 2 - 1
        sampled = grid_sample(feature_map, grid, mode='bilinear', padding_mode='zeros', align_corners=False)
        level_weights = weights[:, :, :, level].transpose(1, 2).reshape(batch * heads, 1, queries, points)
        total = total + (sampled * level_weights).sum(dim=-1)
    return total.view(batch, heads * channels, queries).transpose(1, 2).contiguous()
