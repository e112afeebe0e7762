"""Dynamic convolution of a proposal with the RoI features of many slices."""

from __future__ import annotations

import torch
from mmdet.models.layers import DynamicConv
from mmdet.registry import MODELS
from torch import Tensor

from .in_parts import WRITTEN_AT_ONCE
from .shared_box_pooling import PooledBoxes


@MODELS.register_module()
class SliceDynamicConv(DynamicConv):
    """mmdet's ``DynamicConv`` applied to every slice of a proposal; no parameter is added.

    The kernels come from the 3-D proposal feature and are the same for all its slices, so they are generated once a
    proposal. A GPU applies those of all proposals to the RoI cells of all slices in one matrix product, a CPU those of
    some; boxes that are pooled as they are needed meet their first kernel slice by slice.

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
        mix = self._mix_by_slice if isinstance(input_feature, PooledBoxes) else self._mix
        return self.activation(self.fc_norm(mix(param_feature, input_feature)))

    def _mix(self, proposals: Tensor, rois: Tensor) -> Tensor:
        """Mixes proposals (P, C) with their RoIs (P, S, C, k, k): (P, S, C_out)."""
        at_once = _proposals_at_once(rois)
        parts = zip(rois.split(at_once), *(kernels.split(at_once) for kernels in self._kernels(proposals)))
        mixed = []
        for some_rois, kernels_in, kernels_out in parts:
            cells = some_rois.flatten(3).transpose(2, 3).flatten(1, 2)
            mixed.append(self._project(torch.bmm(cells, kernels_in), kernels_out, rois.shape[1]))
        return torch.cat(mixed)

    def _mix_by_slice(self, proposals: Tensor, rois: PooledBoxes) -> Tensor:
        """The same of pooled boxes: many of one slice go through the first kernel, few of all slices go on."""
        _, num_slices, channels, height, width = rois.shape
        at_once = _proposals_at_once(rois)
        positions, mixed = [], []
        for boxes, cells_of_slices in rois.by_slice(WRITTEN_AT_ONCE // (channels * height * width)):
            positions.append(boxes)
            kernels_in, kernels_out = self._kernels(proposals[boxes])
            hidden = [torch.bmm(cells, kernels_in).split(at_once) for cells in cells_of_slices]
            for kernels, *cells in zip(kernels_out.split(at_once), *hidden):
                mixed.append(self._project(torch.cat(cells, dim=1), kernels, num_slices))
        return torch.cat(mixed)[torch.cat(positions).argsort()]

    def _kernels(self, proposals: Tensor) -> tuple[Tensor, Tensor]:
        """First and second kernels of proposals (P, C): (P, C, F) and (P, F, C_out)."""
        kernels_in, kernels_out = self.dynamic_layer(proposals).split([self.num_params_in, self.num_params_out], dim=1)
        return (
            kernels_in.view(-1, self.in_channels, self.feat_channels),
            kernels_out.view(-1, self.feat_channels, self.out_channels),
        )

    def _project(self, cells: Tensor, kernels: Tensor, num_slices: int) -> Tensor:
        """From cells behind the first kernel, (p, S * k * k, F), to (p, S, C_out)."""
        cells = self.activation(self.norm_in(cells))
        cells = self.activation(self.norm_out(torch.bmm(cells, kernels)))
        return self.fc_layer(cells.unflatten(1, (num_slices, -1)).flatten(2))


def _proposals_at_once(rois: Tensor | PooledBoxes) -> int:
    """Proposals to mix together, of RoI features (P, S, C, k, k)."""
    if rois.device.type != 'cpu' or torch.compiler.is_compiling():  # see in_parts
        return max(1, rois.shape[0])
    # Twice as many in training: see docs/decisions.md.
    written = 2 * WRITTEN_AT_ONCE if torch.is_grad_enabled() else WRITTEN_AT_ONCE
    return max(1, written // rois.shape[1:].numel())
