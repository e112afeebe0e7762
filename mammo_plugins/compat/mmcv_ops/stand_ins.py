"""The operators of ``mmcv._ext`` that have a stand-in, by the name under which mmcv asks for them."""

from __future__ import annotations

from collections.abc import Callable

from . import (
    build_information,
    deformable_attention,
    deformable_convolution,
    focal_loss,
    roi_align,
    roi_pool,
    suppression,
)

STAND_INS: dict[str, Callable] = {
    function.__name__: function
    for function in (
        build_information.get_compiler_version,
        build_information.get_compiling_cuda_version,
        deformable_attention.ms_deform_attn_backward,
        deformable_attention.ms_deform_attn_forward,
        deformable_convolution.deform_conv_backward_input,
        deformable_convolution.deform_conv_backward_parameters,
        deformable_convolution.deform_conv_forward,
        deformable_convolution.modulated_deform_conv_backward,
        deformable_convolution.modulated_deform_conv_forward,
        focal_loss.sigmoid_focal_loss_backward,
        focal_loss.sigmoid_focal_loss_forward,
        focal_loss.softmax_focal_loss_backward,
        focal_loss.softmax_focal_loss_forward,
        roi_align.roi_align_backward,
        roi_align.roi_align_forward,
        roi_pool.roi_pool_backward,
        roi_pool.roi_pool_forward,
        suppression.bbox_overlaps,
        suppression.nms,
        suppression.nms_match,
        suppression.softnms,
    )
}
