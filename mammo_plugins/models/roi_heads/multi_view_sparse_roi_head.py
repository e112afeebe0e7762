"""The cascade of M&M and M&M-3D: one set of 3-D proposals a view, refined against all its slices."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from mmdet.models.roi_heads import SparseRoIHead
from mmdet.models.task_modules import SamplingResult
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmdet.utils import ConfigType, InstanceList
from mmengine.structures import InstanceData
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from mammo_plugins.structures.case_sample import MammoCaseSample
from mammo_plugins.structures.decisive_slice import decisive_slice

from ..layers import PooledBoxes, SharedBoxPooling, SliceFeatures, SliceLayout, log_not_noisy_or
from ..slice_fusion import FusedSlices

HeldFeatures = SliceFeatures | SharedBoxPooling
Features = HeldFeatures | Sequence[Tensor]


@dataclass(frozen=True)
class StageOutput:
    """What one head of the cascade says.

    Attributes:
        cls_scores: (V, N, K) logits.
        boxes: (V, N, 4) refined boxes, xyxy in network pixels.
        object_feats: (V, N, D) fused 3-D object features.
        log_weights: V tensors (N, S) of log finding-slice scores.
        positions: V tensors (N,) of regressed positions along the volume, or None where they are not regressed.
    """

    cls_scores: Tensor
    boxes: Tensor
    object_feats: Tensor
    log_weights: list[Tensor]
    positions: list[Tensor | None]


@MODELS.register_module()
class MultiViewSparseRoIHead(SparseRoIHead):
    """Cascade of :class:`~.bbox_heads.SliceDIIHead` over all views of a batch of breasts.

    Shapes: V views, N proposals, S slices, D hidden size, K classes. Views of equal slice count are computed together;
    both views of a breast go through the cascade in lockstep, so that each sees the other's features of the same head.

    Source: M&M-3D, section 3 and Algorithm 1 with its slips corrected.

    Args:
        num_stages: heads of the cascade.
        stage_loss_weights: weight of each head's losses, 1 by default.
        train_cfg: training config of each head, or one for all.
        loss_mil: config of the multi-instance loss, None to train on findings only.
        slice_loss_weight: weight of the slice cross-entropy of every head (Eq. 7).
        slice_loss_stages: ``all`` heads (Eq. 7) or only the ``last`` (Algorithm 1).
        mil_stages: heads whose scores feed the multi-instance loss, ``last`` or ``all``.
        recompute_stages: keep nothing of a head but its output for the backward pass, and compute it again there. Less
            memory, more time, the same gradients.
        **kwargs: as for ``mmdet.SparseRoIHead``; every ``bbox_head`` must be a ``SliceDIIHead``.
    """

    def __init__(
        self,
        num_stages: int,
        stage_loss_weights: Sequence[float] | None = None,
        train_cfg: ConfigType | list[ConfigType] | None = None,
        loss_mil: ConfigType | None = None,
        slice_loss_weight: float = 1.0,
        slice_loss_stages: str = 'all',
        mil_stages: str = 'last',
        recompute_stages: bool = False,
        **kwargs,
    ) -> None:
        super().__init__(
            num_stages=num_stages,
            stage_loss_weights=[1.0] * num_stages if stage_loss_weights is None else stage_loss_weights,
            train_cfg=[train_cfg] * num_stages if isinstance(train_cfg, dict) else train_cfg,
            **kwargs,
        )
        self.loss_mil = None if loss_mil is None else MODELS.build(loss_mil)
        self.slice_loss_weight = slice_loss_weight
        self.recompute_stages = recompute_stages
        self._slice_loss_stages = self._stages(slice_loss_stages, 'slice_loss_stages')
        self._mil_stages = self._stages(mil_stages, 'mil_stages')

    def loss(self, x: Features, rpn_results_list: InstanceList, batch_data_samples: list[MammoCaseSample]) -> dict:
        """All losses of the cascade.

        Args:
            x: feature levels, each (slice images, D, H, W), or what :meth:`hold` made of pieces of them.
            rpn_results_list: initial proposals of the V views.
            batch_data_samples: the breasts.

        Returns:
            ``s{i}.loss_{cls,bbox,iou,slice}`` of each head, and the multi-instance losses.
        """
        views = [view for case in batch_data_samples for view in case.views]
        losses: dict[str, Tensor] = {}
        outputs = self.forward(x, rpn_results_list, batch_data_samples)
        for stage, output in enumerate(outputs):
            for name, value in self._stage_losses(stage, output, views, batch_data_samples).items():
                losses[f's{stage}.{name}'] = self.stage_loss_weights[stage] * value
        return losses

    def predict(
        self,
        x: Features,
        rpn_results_list: InstanceList,
        batch_data_samples: list[MammoCaseSample],
        rescale: bool = False,
    ) -> InstanceList:
        """Findings of each view, in network pixels and slice bins (the detector maps them to the source file).

        Returns:
            V instances with ``bboxes`` (n, 4), ``scores``, ``labels``, ``slices`` (bin of the highest weight),
            ``slice_weights`` (n, S) and the meta item ``malignancy``, the noisy-or image score.
        """
        if rescale:
            raise ValueError('MultiViewSparseRoIHead predicts in network pixels: MultiViewSparseRCNN.predict rescales')
        layout = SliceLayout.from_cases(batch_data_samples)
        return self._to_instances(self._run_cascade(x, rpn_results_list, layout)[-1])

    def forward(
        self, x: Features, rpn_results_list: InstanceList, batch_data_samples: list[MammoCaseSample]
    ) -> list[StageOutput]:
        """The raw output of every head."""
        return self._run_cascade(x, rpn_results_list, SliceLayout.from_cases(batch_data_samples))

    def hold(self, pieces: Iterable[Sequence[Tensor]], layout: SliceLayout) -> HeldFeatures:
        """Features of a batch in the form that this head pools them from.

        What is held without gradients serves prediction only.

        Args:
            pieces: feature levels, each (slice images of the piece, D, H_l, W_l), piece after piece.
            layout: where views and slices lie.
        """
        device = next(self.parameters()).device
        if all(SharedBoxPooling.suits(extractor, device) for extractor in self.bbox_roi_extractor):
            return SharedBoxPooling(pieces, layout)
        return SliceFeatures(tuple(tuple(levels) for levels in pieces))

    def _run_cascade(self, x: Features, proposals: InstanceList, layout: SliceLayout) -> list[StageOutput]:
        features = x if isinstance(x, (SliceFeatures, SharedBoxPooling)) else self.hold([x], layout)
        boxes = torch.stack([result.bboxes for result in proposals])
        object_feats = torch.stack([result.features for result in proposals])
        outputs = []
        for stage in range(self.num_stages):
            arguments = (stage, features, boxes, object_feats, layout)
            if self.recompute_stages and torch.is_grad_enabled():
                output = checkpoint(self._run_stage, *arguments, use_reentrant=False)
            else:
                output = self._run_stage(*arguments)
            boxes, object_feats = output.boxes.detach(), output.object_feats
            outputs.append(output)
        return outputs

    def _run_stage(
        self,
        stage: int,
        x: HeldFeatures,
        boxes: Tensor,
        object_feats: Tensor,
        layout: SliceLayout,
    ) -> StageOutput:
        head = self.bbox_head[stage]
        proposal_feats = head.attend(object_feats, layout.partners)
        fused = self._fuse_slices(stage, x, boxes, proposal_feats, layout)
        features = torch.stack([view.features for view in fused])
        return StageOutput(
            cls_scores=head.classify(features),
            boxes=head.refine_boxes(boxes, features),
            object_feats=features,
            log_weights=[view.log_weights for view in fused],
            positions=[view.positions for view in fused],
        )

    def _fuse_slices(
        self,
        stage: int,
        x: HeldFeatures,
        boxes: Tensor,
        proposal_feats: Tensor,
        layout: SliceLayout,
    ) -> list[FusedSlices]:
        """Runs groups of equal slice count and puts their views back in order."""
        fused: dict[int, FusedSlices] = {}
        for group in layout.groups():
            roi_feats = self._slice_roi_feats(stage, x, boxes, layout, group)
            result = self.bbox_head[stage].fuse_slices(proposal_feats[group].flatten(0, 1), roi_feats)
            of_views = ([None] * len(group) if part is None else part.chunk(len(group)) for part in result)
            fused.update((view, FusedSlices(*parts)) for view, *parts in zip(group, *of_views))
        return [fused[view] for view in range(layout.num_views)]

    def _slice_roi_feats(
        self,
        stage: int,
        x: HeldFeatures,
        boxes: Tensor,
        layout: SliceLayout,
        group: list[int],
    ) -> Tensor | PooledBoxes:
        """RoIAlign of every proposal on every slice, (len(group) * N, S, D, k, k)."""
        if isinstance(x, SharedBoxPooling):
            return x.pool(self.bbox_roi_extractor[stage], boxes, group)
        images = layout.slice_images_of(group)
        feats = x.pool(self.bbox_roi_extractor[stage], layout.rois(boxes, group), images)
        shape = (len(group), layout.slice_counts[group[0]], boxes.shape[1])
        return feats.unflatten(0, shape).transpose(1, 2).flatten(0, 1)

    def _stage_losses(
        self, stage: int, output: StageOutput, views: list[DetDataSample], cases: list[MammoCaseSample]
    ) -> dict[str, Tensor]:
        head = self.bbox_head[stage]
        annotated = [index for index, view in enumerate(views) if view.annotated]
        samples = [self._assign(stage, output, index, views[index]) for index in annotated]
        sizes = [(*view.img_shape[1::-1], *view.img_shape[1::-1]) for view in views]
        losses = head.finding_losses(
            output.cls_scores[annotated],
            output.boxes[annotated],
            samples,
            self.train_cfg[stage],
            output.boxes.new_tensor([sizes[index] for index in annotated]).view(-1, 4),
        )
        if stage in self._slice_loss_stages:
            losses['loss_slice'] = self.slice_loss_weight * head.slice_loss(
                [output.log_weights[index] for index in annotated],
                [views[index].gt_instances.slices for index in annotated],
                samples,
                [output.positions[index] for index in annotated],
            )
        if self.loss_mil is not None and stage in self._mil_stages:
            losses.update(self._mil_losses(head.malignant_class, output, cases))
        return losses

    def _assign(self, stage: int, output: StageOutput, index: int, view: DetDataSample) -> SamplingResult:
        """One-to-one assignment of a view's proposals to its findings."""
        boxes = output.boxes[index].detach()
        predicted = InstanceData(bboxes=boxes, priors=boxes, scores=output.cls_scores[index].detach())
        assigned = self.bbox_assigner[stage].assign(predicted, view.gt_instances, img_meta=view.metainfo)
        return self.bbox_sampler[stage].sample(assigned, predicted, view.gt_instances)

    def _mil_losses(self, malignant_class: int, output: StageOutput, cases: list[MammoCaseSample]) -> dict[str, Tensor]:
        return self.loss_mil(
            output.cls_scores[..., malignant_class],
            torch.cat([case.gt_malignancy.views for case in cases]),
            torch.stack([case.gt_malignancy.breast for case in cases]),
            [len(case.views) for case in cases],
        )

    def _to_instances(self, output: StageOutput) -> InstanceList:
        head = self.bbox_head[-1]
        # In double precision and without 1 - x, or breasts near 0 and near 1 would tie in their ranking.
        malignancy = -torch.expm1(log_not_noisy_or(output.cls_scores[..., head.malignant_class].double()))
        results = []
        for cls_scores, boxes, log_weights, image_score in zip(
            output.cls_scores, output.boxes, output.log_weights, malignancy.tolist()
        ):
            num_kept = min(self.test_cfg.max_per_img, cls_scores.numel())
            # Stable, unlike topk: equal scores in order of proposal, then of class.
            ranked = cls_scores.sigmoid().flatten().sort(stable=True, descending=True)
            scores, kept = ranked.values[:num_kept], ranked.indices[:num_kept]
            proposals, labels = kept // head.num_classes, kept % head.num_classes
            weights = log_weights[proposals].exp()
            results.append(
                InstanceData(
                    metainfo=dict(malignancy=image_score),
                    bboxes=boxes[proposals],
                    scores=scores,
                    labels=labels,
                    slices=decisive_slice(weights),
                    slice_weights=weights,
                )
            )
        return results

    def _stages(self, which: str, argument: str) -> tuple[int, ...]:
        if which not in ('all', 'last'):
            raise ValueError(f"{argument} must be 'all' or 'last', got {which!r}")
        return tuple(range(self.num_stages)) if which == 'all' else (self.num_stages - 1,)
