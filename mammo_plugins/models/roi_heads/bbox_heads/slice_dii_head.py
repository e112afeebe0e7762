"""Sparse R-CNN's box head, opened at the two places where views and slices enter."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmdet.models.roi_heads.bbox_heads import DIIHead
from mmdet.models.task_modules import SamplingResult
from mmdet.registry import MODELS
from mmdet.utils import ConfigType, OptConfigType
from torch import Tensor

from ...layers import PooledBoxes
from ...layers.in_parts import in_parts
from ...layers.precision import in_full_precision
from ...losses.average_factor import global_average_factor
from ...slice_fusion import FusedSlices


@MODELS.register_module()
class SliceDIIHead(DIIHead):
    """One head of the cascade: attend, interact with every slice, fuse, classify and regress.

    Shapes: V views, N proposals, P = V * N, S slices, D hidden size, K classes, k RoI size.

    With one slice and no partner view it computes what mmdet's ``DIIHead`` computes, with the same parameter names, so
    Sparse R-CNN, M&M (2-D) and M&M-3D exchange weights.

    Source: M&M-3D, Eqs. 1, 3, 5, 6 and Algorithm 1.

    Args:
        slice_fusion: config of a :class:`~mammo_plugins.models.slice_fusion.SliceFusion`.
        cross_view_attention: config of the attention between views, None for a single-view detector.
        malignant_class: label of the class whose logit weighs slices and feeds multi-instance learning.
        **kwargs: as for ``mmdet.DIIHead``; ``dynamic_conv_cfg`` must be a ``SliceDynamicConv``.
    """

    def __init__(
        self,
        slice_fusion: ConfigType,
        cross_view_attention: OptConfigType = None,
        malignant_class: int = 0,
        **kwargs,
    ) -> None:
        super().__init__(**kwargs)
        if not self.loss_cls.use_sigmoid:
            raise ValueError(
                'SliceDIIHead needs a sigmoid classification loss: noisy-or pooling reads independent scores'
            )
        if not 0 <= malignant_class < self.num_classes:
            raise ValueError(f'malignant_class {malignant_class} is outside the {self.num_classes} classes')
        self.malignant_class = malignant_class
        self.slice_fusion = MODELS.build(slice_fusion)
        self.cross_view_attention = None if cross_view_attention is None else MODELS.build(cross_view_attention)

    def init_weights(self) -> None:
        """As ``DIIHead``; the fusion keeps its own initialisation, which that would overwrite with Xavier's."""
        fusion = self.slice_fusion
        self.slice_fusion = None
        try:
            super().init_weights()
        finally:
            self.slice_fusion = fusion
        fusion.init_weights()

    def attend(self, proposal_feats: Tensor, partners: Sequence[int]) -> Tensor:
        """Self-attention over proposals, then attention to the partner view (Eqs. 1 and 3).

        Args:
            proposal_feats: (V, N, D).
            partners: index of each view's partner, or -1.

        Returns:
            (V, N, D).
        """
        attended = self.attention_norm(self.attention(proposal_feats.transpose(0, 1))).transpose(0, 1)
        if self.cross_view_attention is None:
            return attended
        return self.cross_view_attention(attended, partners)

    def fuse_slices(self, proposal_feats: Tensor, roi_feats: Tensor | PooledBoxes) -> FusedSlices:
        """Mixes proposals with their slices and fuses these (Eqs. 5 and 6).

        Args:
            proposal_feats: (P, D) from :meth:`attend`.
            roi_feats: (P, S, D, k, k).
        """
        return self.slice_fusion(proposal_feats, roi_feats, self.interact, self.malignancy_logits)

    def interact(self, proposal_feats: Tensor, roi_feats: Tensor | PooledBoxes) -> Tensor:
        """The head's whole post-attention path, slice by slice: dynamic convolution, residual, norm, FFN, norm.

        Args:
            proposal_feats: (P, D).
            roi_feats: (P, S, D, k, k).

        Returns:
            (P, S, D) slice-level object features.
        """
        mixed = self.instance_interactive_conv_dropout(self.instance_interactive_conv(proposal_feats, roi_feats))
        object_feats = self.instance_interactive_conv_norm(proposal_feats[:, None] + mixed)
        hidden = object_feats.shape[1] * self.ffn.feedforward_channels
        return in_parts(lambda part: self.ffn_norm(self.ffn(part)), object_feats, hidden)

    def malignancy_logits(self, object_feats: Tensor) -> Tensor:
        """Logit of malignancy, (..., D) to (...)."""
        return self.classify(object_feats)[..., self.malignant_class]

    def classify(self, object_feats: Tensor) -> Tensor:
        """Class logits, (..., D) to (..., K), in float32 or better: losses, slice weights and ranking read them."""
        for layer in self.cls_fcs:
            object_feats = layer(object_feats)
        return in_full_precision(self.fc_cls, object_feats)

    def refine_boxes(self, boxes: Tensor, object_feats: Tensor) -> Tensor:
        """Moves boxes by the regressed deltas.

        Args:
            boxes: (V, N, 4) xyxy.
            object_feats: (V, N, D).

        Returns:
            (V, N, 4) xyxy.
        """
        for layer in self.reg_fcs:
            object_feats = layer(object_feats)
        deltas = in_full_precision(self.fc_reg, object_feats)
        return self.bbox_coder.decode(boxes.reshape(-1, 4), deltas.reshape(-1, 4)).view_as(boxes)

    def finding_losses(
        self,
        cls_scores: Tensor,
        boxes: Tensor,
        samples: list[SamplingResult],
        rcnn_train_cfg: ConfigType,
        images_whwh: Tensor,
    ) -> dict[str, Tensor]:
        """Classification, L1 and GIoU losses over annotated views, normalised by their number of findings.

        Unlike ``DIIHead.loss_and_target``, a batch without any finding divides by one, not by the machine epsilon.

        Args:
            cls_scores: (A, N, K) logits of the A annotated views.
            boxes: (A, N, 4) refined boxes.
            samples: assignment of each annotated view.
            rcnn_train_cfg: training config of this stage.
            images_whwh: (A, 4) width, height, width, height of each view.
        """
        if not samples:
            nothing = cls_scores.sum() * 0 + boxes.sum() * 0
            global_average_factor(0, cls_scores.device, 'findings')  # the other processes wait for this one's count
            return dict(loss_cls=nothing, loss_bbox=nothing, loss_iou=nothing)
        labels, label_weights, box_targets, box_weights = self.get_targets(samples, rcnn_train_cfg, concat=True)
        positive = labels < self.num_classes
        average_factor = global_average_factor(positive.sum(), cls_scores.device, 'findings')
        scale = images_whwh[:, None].expand_as(boxes).reshape(-1, 4)[positive]
        found = boxes.reshape(-1, 4)[positive]
        target, weight = box_targets[positive], box_weights[positive]
        normaliser = dict(avg_factor=average_factor)
        return dict(
            loss_cls=self.loss_cls(cls_scores.flatten(0, 1), labels, label_weights, **normaliser),
            loss_bbox=self.loss_bbox(found / scale, target / scale, weight, **normaliser) + boxes.sum() * 0,
            loss_iou=self.loss_iou(found, target, weight, **normaliser) + boxes.sum() * 0,
        )

    def slice_loss(
        self,
        log_weights: list[Tensor],
        gt_slices: list[Tensor],
        samples: list[SamplingResult],
        positions: Sequence[Tensor | None] | None = None,
    ) -> Tensor:
        """Cross-entropy between the finding-slice scores of matched proposals and the annotated slice (Eq. 7).

        Where the fusion regresses positions, their L1 distance from the middle of the annotated slice's bin instead.

        Args:
            log_weights: one (N, S) tensor an annotated view.
            gt_slices: one (n,) tensor of bin indices an annotated view; -1 where no slice is annotated.
            samples: assignment of each annotated view.
            positions: one (N,) tensor an annotated view, or None where the fusion regresses none.

        Returns:
            () mean over matched findings with an annotated slice, in views of several slices.
        """
        regressed = [None] * len(samples) if positions is None else positions
        terms = [_slice_terms(*view) for view in zip(log_weights, gt_slices, samples, regressed)]
        joined = torch.cat(terms) if terms else torch.zeros(0, device=self.fc_cls.weight.device)
        return joined.sum() / global_average_factor(len(joined), joined.device, 'slices')


def _slice_terms(log_weights: Tensor, gt_slices: Tensor, sample: SamplingResult, positions: Tensor | None) -> Tensor:
    """Loss of each matched finding of a view whose slice is annotated."""
    if not len(gt_slices) or log_weights.shape[1] == 1:
        return log_weights.new_zeros(0)  # a single slice leaves nothing to choose, nor to divide by
    slices = gt_slices[sample.pos_assigned_gt_inds]
    known = slices >= 0
    proposals, slices = sample.pos_inds[known], slices[known]
    if positions is None:
        return -log_weights[proposals, slices]
    return (positions[proposals] - (slices + 0.5) / log_weights.shape[1]).abs()
