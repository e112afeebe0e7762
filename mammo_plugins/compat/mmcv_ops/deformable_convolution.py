"""Deformable convolution: the operators behind ``mmcv.ops.deform_conv2d`` and ``modulated_deform_conv2d``.

Offsets are (N, groups * 2 * kh * kw, H', W') with y before x, masks (N, groups * kh * kw, H', W'); torchvision uses
the same layout. ``columns`` and ``ones`` are mmcv's scratch buffers and stay unused.

Source: Dai et al., Deformable Convolutional Networks, ICCV 2017; Zhu et al., Deformable ConvNets v2, CVPR 2019, Eq. 1.
"""

from __future__ import annotations

import torch
import torchvision  # noqa: F401  registers torch.ops.torchvision

from .precision import widen


def deform_conv_forward(
    input: torch.Tensor,
    weight: torch.Tensor,
    offset: torch.Tensor,
    output: torch.Tensor,
    columns: torch.Tensor,
    ones: torch.Tensor,
    kW: int,
    kH: int,
    dW: int,
    dH: int,
    padW: int,
    padH: int,
    dilationW: int,
    dilationH: int,
    group: int,
    deformable_group: int,
    im2col_step: int,
) -> None:
    """Writes the convolution of ``input`` (N, C, H, W) without bias to ``output`` (N, C', H', W')."""
    geometry = (dH, dW, padH, padW, dilationH, dilationW, group, deformable_group)
    output.copy_(_convolve(input, weight, offset, None, None, geometry))


def deform_conv_backward_input(
    input: torch.Tensor,
    offset: torch.Tensor,
    gradOutput: torch.Tensor,
    gradInput: torch.Tensor,
    gradOffset: torch.Tensor,
    weight: torch.Tensor,
    columns: torch.Tensor,
    kW: int,
    kH: int,
    dW: int,
    dH: int,
    padW: int,
    padH: int,
    dilationW: int,
    dilationH: int,
    group: int,
    deformable_group: int,
    im2col_step: int,
) -> None:
    """Adds the gradients with respect to input and offset."""
    geometry = (dH, dW, padH, padW, dilationH, dilationW, group, deformable_group)
    grad_input, _, grad_offset, _, _ = _gradients(gradOutput, input, weight, offset, None, None, geometry)
    gradInput.add_(grad_input)
    gradOffset.add_(grad_offset)


def deform_conv_backward_parameters(
    input: torch.Tensor,
    offset: torch.Tensor,
    gradOutput: torch.Tensor,
    gradWeight: torch.Tensor,
    columns: torch.Tensor,
    ones: torch.Tensor,
    kW: int,
    kH: int,
    dW: int,
    dH: int,
    padW: int,
    padH: int,
    dilationW: int,
    dilationH: int,
    group: int,
    deformable_group: int,
    scale: float,
    im2col_step: int,
) -> None:
    """Adds ``scale`` times the gradient with respect to the weight."""
    geometry = (dH, dW, padH, padW, dilationH, dilationW, group, deformable_group)
    # mmcv does not hand over the weight, and its own gradient does not depend on it: gradWeight gives the shape.
    grad_weight = _gradients(gradOutput, input, gradWeight, offset, None, None, geometry)[1]
    gradWeight.add_(grad_weight, alpha=scale)


def modulated_deform_conv_forward(
    input: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor,
    ones: torch.Tensor,
    offset: torch.Tensor,
    mask: torch.Tensor,
    output: torch.Tensor,
    columns: torch.Tensor,
    kernel_h: int,
    kernel_w: int,
    stride_h: int,
    stride_w: int,
    pad_h: int,
    pad_w: int,
    dilation_h: int,
    dilation_w: int,
    group: int,
    deformable_group: int,
    with_bias: bool,
) -> None:
    """Writes the convolution of ``input`` (N, C, H, W), each sample scaled by its mask, to ``output``."""
    geometry = (stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w, group, deformable_group)
    output.copy_(_convolve(input, weight, offset, mask, bias if with_bias else None, geometry))


def modulated_deform_conv_backward(
    input: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor,
    ones: torch.Tensor,
    offset: torch.Tensor,
    mask: torch.Tensor,
    columns: torch.Tensor,
    grad_input: torch.Tensor,
    grad_weight: torch.Tensor,
    grad_bias: torch.Tensor,
    grad_offset: torch.Tensor,
    grad_mask: torch.Tensor,
    grad_output: torch.Tensor,
    kernel_h: int,
    kernel_w: int,
    stride_h: int,
    stride_w: int,
    pad_h: int,
    pad_w: int,
    dilation_h: int,
    dilation_w: int,
    group: int,
    deformable_group: int,
    with_bias: bool,
) -> None:
    """Adds the gradients with respect to input, weight, bias, offset and mask."""
    geometry = (stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w, group, deformable_group)
    given_bias = bias if with_bias else None
    gradients = _gradients(grad_output, input, weight, offset, mask, given_bias, geometry)
    targets = (grad_input, grad_weight, grad_offset, grad_mask, grad_bias if with_bias else None)
    for target, gradient in zip(targets, gradients):
        if target is not None:
            target.add_(gradient)


def _convolve(
    input: torch.Tensor,
    weight: torch.Tensor,
    offset: torch.Tensor,
    mask: torch.Tensor | None,
    bias: torch.Tensor | None,
    geometry: tuple[int, ...],
) -> torch.Tensor:
    tensors = _kernel_arguments(input, weight, offset, mask, bias)
    return torch.ops.torchvision.deform_conv2d(*tensors, *geometry, mask is not None)


def _gradients(
    grad_output: torch.Tensor,
    input: torch.Tensor,
    weight: torch.Tensor,
    offset: torch.Tensor,
    mask: torch.Tensor | None,
    bias: torch.Tensor | None,
    geometry: tuple[int, ...],
) -> tuple[torch.Tensor, ...]:
    """Gradients with respect to input, weight, offset, mask and bias."""
    tensors = _kernel_arguments(input, weight, offset, mask, bias)
    gradient = widen(grad_output).contiguous()
    return torch.ops.torchvision._deform_conv2d_backward(gradient, *tensors, *geometry, mask is not None)


def _kernel_arguments(
    input: torch.Tensor,
    weight: torch.Tensor,
    offset: torch.Tensor,
    mask: torch.Tensor | None,
    bias: torch.Tensor | None,
) -> tuple[torch.Tensor, ...]:
    input, weight, offset = (widen(tensor).contiguous() for tensor in (input, weight, offset))
    mask = input.new_zeros(input.shape[0], 1) if mask is None else widen(mask).contiguous()
    bias = input.new_zeros(weight.shape[0]) if bias is None else widen(bias).contiguous()
    return input, weight, offset, mask, bias
