"""Dynamic convolution of a proposal with the RoI features of many slices."""

from __future__ import annotations

import torch
from mmdet.models.layers import DynamicConv
from mmdet.registry import MODELS
from torch import Tensor


@MODELS.register_module()
class SliceDynamicConv(DynamicConv):
    """mmdet's ``DynamicConv`` applied to every slice of a proposal; no parameter is added.

    The kernels come from the 3-D proposal feature and are the same for all its slices, so they are generated once a
    proposal and applied to the slices' RoI cells in one matrix product.

    Source: Sparse R-CNN (Sun et al. 2021), dynamic instance interaction; M&M-3D, Eq. 5.

    Args:
        *args: as for ``mmdet.DynamicConv``.
        with_proj: must be true: slices are fused as one vector a proposal.
        **kwargs: as for ``mmdet.DynamicConv``.

    Raises:
        ValueError: ``with_proj`` is false.
    """

    def __init__(self, *args, with_proj: bool = True, **kwargs) -> None:
        if not with_proj:
            raise ValueError('SliceDynamicConv needs with_proj=True: slices are fused as one vector a proposal')
        super().__init__(*args, with_proj=True, **kwargs)

    def forward(self, param_feature: Tensor, input_feature: Tensor) -> Tensor:
        """Mixes proposal and slice features.

        Args:
            param_feature: (P, C) proposal features, P proposals over the whole batch.
            input_feature: (P, S, C, k, k) RoI features of S slices.

        Returns:
            (P, S, C_out) slice-level object features.
        """
        num_proposals, num_slices, channels, height, width = input_feature.shape
        kernels = self.dynamic_layer(param_feature)
        kernel_in = kernels[:, : self.num_params_in].view(-1, self.in_channels, self.feat_channels)
        kernel_out = kernels[:, -self.num_params_out :].view(-1, self.feat_channels, self.out_channels)

        cells = input_feature.permute(0, 1, 3, 4, 2).reshape(num_proposals, num_slices * height * width, channels)
        cells = self.activation(self.norm_in(torch.bmm(cells, kernel_in)))
        cells = self.activation(self.norm_out(torch.bmm(cells, kernel_out)))
        rois = cells.reshape(num_proposals, num_slices, height * width * self.out_channels)
        return self.activation(self.fc_norm(self.fc_layer(rois)))
