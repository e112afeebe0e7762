"""Dynamic convolution of a proposal with the RoI features of many slices."""

from __future__ import annotations

import torch
from mmdet.models.layers import DynamicConv
from mmdet.registry import MODELS
from torch import Tensor

from .shared_box_pooling import PooledBoxes

CELLS_AT_ONCE_ON_CPU = 16384
"""RoI cells (proposals x slices x k x k) that a CPU mixes together: 16 MiB of 256 channels in float32.

What one operation writes is then still in the cache when the next one reads it, and small enough for the allocator to
hand out again; for all proposals at once, every operation would fault in fresh pages. In prediction nothing is kept for
the gradients, and half as many are quicker still.
"""


@MODELS.register_module()
class SliceDynamicConv(DynamicConv):
    """mmdet's ``DynamicConv`` applied to every slice of a proposal; no parameter is added.

    The kernels come from the 3-D proposal feature and are the same for all its slices, so they are generated once a
    proposal and applied to the slices' RoI cells in one matrix product. A GPU takes all proposals at once, a CPU some.

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

    def forward(self, param_feature: Tensor, input_feature: Tensor | PooledBoxes) -> Tensor:
        """Mixes proposal and slice features.

        Args:
            param_feature: (P, C) proposal features, P proposals over the whole batch.
            input_feature: (P, S, C, k, k) RoI features of S slices.

        Returns:
            (P, S, C_out) slice-level object features.
        """
        kernels = self.dynamic_layer(param_feature)
        at_once = _proposals_at_once(input_feature)
        rois = [self._mix(*part) for part in zip(kernels.split(at_once), input_feature.split(at_once))]
        return self.activation(self.fc_norm(torch.cat(rois)))

    def _mix(self, kernels: Tensor, rois: Tensor) -> Tensor:
        """Applies the kernels (p, C * F + F * C_out) of some proposals to their RoIs (p, S, C, k, k): (p, S, C_out)."""
        num_proposals, num_slices, channels, height, width = rois.shape
        kernel_in, kernel_out = kernels.split([self.num_params_in, self.num_params_out], dim=1)
        kernel_in = kernel_in.view(-1, self.in_channels, self.feat_channels)
        kernel_out = kernel_out.view(-1, self.feat_channels, self.out_channels)

        cells = rois.permute(0, 1, 3, 4, 2).reshape(num_proposals, num_slices * height * width, channels)
        cells = self.activation(self.norm_in(torch.bmm(cells, kernel_in)))
        cells = self.activation(self.norm_out(torch.bmm(cells, kernel_out)))
        return self.fc_layer(cells.reshape(num_proposals, num_slices, height * width * self.out_channels))


def _proposals_at_once(rois: Tensor | PooledBoxes) -> int:
    """Proposals to mix together, of RoI features (P, S, C, k, k)."""
    num_proposals, num_slices, _, height, width = rois.shape
    if rois.device.type != 'cpu':
        return max(1, num_proposals)
    cells = CELLS_AT_ONCE_ON_CPU if torch.is_grad_enabled() else CELLS_AT_ONCE_ON_CPU // 2
    return max(1, cells // (num_slices * height * width))
