"""A detector of single views that also tells which findings of CC and MLO are the same mass."""

from __future__ import annotations

import math

import torch
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmdet.structures.bbox import bbox_overlaps
from mmdet.utils import ConfigType
from mmengine.structures import InstanceData
from torch import Tensor

from mammo_plugins.structures import ViewKey, ViewPosition
from mammo_plugins.structures.case_sample import MammoCaseSample
from mammo_plugins.structures.lesion_pairs import pair_lesions

from ..roi_heads.mass_matching_head import Lesion
from .mammogram_detector import MammogramDetector
from .view_results import to_source_frame

PAIRS_FROM = ('truth', 'detections')


@MODELS.register_module()
class MassMatchingDetector(MammogramDetector):
    """Finds masses view by view and pairs those of the CC and MLO of a breast (``group_by='breast'``).

    Detects what ``MammogramDetector`` does, from whose checkpoints it starts. Matched findings share a number from 1 in
    ``pred_instances.lesions`` (n,), which is 0 for the others; cases that are not a CC and an MLO have none. Beside it
    ``lesion_embeddings`` (n, D) has the embeddings of those that may match, in parts of the limit of a match, and NaN
    for the others. Views need landmarks: ``LocateLandmarks`` in the pipeline.

    Source: MSVCL v2 (Li et al. 2023), section III C 2.

    Args:
        detector: as for ``MammogramDetector``.
        matching_head: config of a ``MassMatchingHead``.
        pairs_from: what it learns from: the annotated boxes (``truth``), those of one breast and those of any two of
            the batch, which never match; or what the detector finds (``detections``), in which boxes that hit no
            annotated mass match nothing, as in the paper.
        freeze_detector: leave the detector as it is; else both learn together.
        min_hit_iou: from which overlap on a found box shows an annotated mass.
        min_score, max_candidates: findings of a view that may match: those that score so much, the best ones of them.
        score_boost: b; a matched finding at distance D scores b (1 - D / m) higher, at most 1. The malignancy of images
            stays as it was.
        **kwargs: as for ``MammogramDetector``.

    Raises:
        ValueError: an argument is out of range.
    """

    def __init__(
        self,
        detector: ConfigType,
        matching_head: ConfigType,
        pairs_from: str = 'truth',
        freeze_detector: bool = True,
        min_hit_iou: float = 0.5,
        min_score: float = 0.05,
        max_candidates: int = 10,
        score_boost: float = 0.0,
        **kwargs,
    ) -> None:
        super().__init__(detector, slice_strategy='single', **kwargs)
        if pairs_from not in PAIRS_FROM:
            raise ValueError(f'pairs_from is one of {", ".join(PAIRS_FROM)}, got {pairs_from!r}')
        if not 0 < min_hit_iou <= 1 or max_candidates < 1 or score_boost < 0:
            raise ValueError(f'out of range: {min_hit_iou=}, {max_candidates=}, {score_boost=}')
        self.matching_head = MODELS.build(matching_head)
        self.pairs_from, self.min_hit_iou = pairs_from, min_hit_iou
        self.min_score, self.max_candidates, self.score_boost = min_score, max_candidates, score_boost
        self.freeze_detector = freeze_detector
        if freeze_detector:
            self.detector.requires_grad_(False)

    def train(self, mode: bool = True) -> MassMatchingDetector:
        """Sets the mode of what learns."""
        super().train(mode)
        if self.freeze_detector:
            self.detector.eval()
        return self

    def loss(self, batch_inputs: Tensor, batch_data_samples: list[MammoCaseSample]) -> dict[str, Tensor]:
        """``loss_matching``, and the detector's losses unless it is frozen."""
        losses = {} if self.freeze_detector else super().loss(batch_inputs, batch_data_samples)
        views = self._checked_views(batch_inputs, batch_data_samples)
        sides: dict[ViewPosition, tuple[list[Tensor], list[Lesion]]] = {
            ViewPosition.CC: ([], []), ViewPosition.MLO: ([], [])
        }  # fmt: skip
        breasts = [number for number, case in enumerate(batch_data_samples) for _ in case.views]
        for index, (breast, view) in enumerate(zip(breasts, views, strict=True)):
            position = ViewKey.parse(view.view).position
            if position in sides and view.annotated:
                inputs = self._own_part(batch_inputs[index : index + 1], view)
                boxes, lesions = self._training_boxes(inputs, view)
                embeddings, shown = sides[position]
                embeddings.append(self.matching_head.embed(self._features(inputs), boxes, view))
                shown.extend((breast, lesion) for lesion in lesions)
        losses['loss_matching'] = self._matching_loss(sides)
        return losses

    def predict(
        self, batch_inputs: Tensor, batch_data_samples: list[MammoCaseSample], rescale: bool = True
    ) -> list[MammoCaseSample]:
        """Findings and malignancy as ``MammogramDetector``, and which findings are one mass."""
        super().predict(batch_inputs, batch_data_samples, rescale=False)
        start = 0
        for case in batch_data_samples:
            self._match_case(batch_inputs[start : start + len(case.views)], case)
            start += len(case.views)
            for view in case.views if rescale else ():
                view.pred_instances = to_source_frame(view.pred_instances, view)
        return batch_data_samples

    def embed_truth(self, batch_inputs: Tensor, case: MammoCaseSample) -> list[Tensor]:
        """(n, D) embeddings of the annotated boxes of each view of a case: the matcher without the detector."""
        self._checked_views(batch_inputs, [case])
        return [
            self.matching_head.embed(self._features(self._own_part(part, view)), view.gt_instances.bboxes, view)
            for part, view in zip(batch_inputs.split(1), case.views, strict=True)
        ]

    def _matching_loss(self, sides: dict[ViewPosition, tuple[list[Tensor], list[Lesion]]]) -> Tensor:
        nothing = 0.0 * sum(parameter.sum() for parameter in self.matching_head.parameters())
        lesions = [shown for _, shown in sides.values()]
        none = nothing.new_zeros(0, self.matching_head.embed_dims)
        embeddings = [torch.cat([none, *of_views]) for of_views, _ in sides.values()]
        return nothing + self.matching_head.loss(embeddings, lesions, across_breasts=self.pairs_from == 'truth')

    def _training_boxes(self, inputs: Tensor, view: DetDataSample) -> tuple[Tensor, list[str | None]]:
        """Boxes (n, 4) in network pixels, and the lesion that each shows."""
        truth = view.gt_instances
        ids = list(truth.get('lesion_ids', [''] * len(truth.bboxes)))
        if self.pairs_from == 'truth':
            return truth.bboxes, ids
        mode = self.detector.training
        self.detector.eval()
        with torch.no_grad():
            (found,) = self.detector.predict(inputs, [_plain_sample(view, inputs)], rescale=False)
        self.detector.train(mode)
        boxes = found.pred_instances.bboxes[self._candidates(found.pred_instances)].detach()
        if not len(truth.bboxes):
            return boxes, [None] * len(boxes)
        overlap, nearest = bbox_overlaps(boxes, truth.bboxes).max(dim=1)
        hits = (overlap >= self.min_hit_iou).tolist()
        return boxes, [ids[index] if hit else None for hit, index in zip(hits, nearest.tolist(), strict=True)]

    def _match_case(self, inputs: Tensor, case: MammoCaseSample) -> None:
        for view in case.views:
            found = view.pred_instances
            found.lesions = torch.zeros_like(found.labels)
            found.lesion_embeddings = found.scores.new_full((len(found), self.matching_head.embed_dims), math.nan)
        positions = [ViewKey.parse(view.view).position for view in case.views]
        if sorted(positions) != sorted((ViewPosition.CC, ViewPosition.MLO)):
            return
        chosen, embeddings = [], []
        for part, view in zip(inputs.split(1), case.views, strict=True):
            candidates = self._candidates(view.pred_instances)
            features = self._features(self._own_part(part, view))
            chosen.append(candidates)
            embeddings.append(self.matching_head.embed(features, view.pred_instances.bboxes[candidates], view))
            in_limits = embeddings[-1] / self.matching_head.match_limit
            view.pred_instances.lesion_embeddings[candidates] = in_limits.to(view.pred_instances.scores.dtype)
        distances = self.matching_head.distances(*embeddings)
        first, second = (view.pred_instances for view in case.views)
        differs = first.labels[chosen[0]][:, None] != second.labels[chosen[1]][None]
        distances = distances.masked_fill(differs, math.inf).double().cpu().numpy()
        for number, (i, j) in enumerate(pair_lesions(distances, self.matching_head.match_limit), start=1):
            added = self.score_boost * (1 - distances[i, j] / self.matching_head.loss_matching.margin)
            for found, index in ((first, chosen[0][i]), (second, chosen[1][j])):
                found.lesions[index] = number
                if added:
                    found.scores[index] = (found.scores[index] + added).clamp(max=1)

    def _candidates(self, found: InstanceData) -> Tensor:
        """Positions of the findings that may match, the best first."""
        order = found.scores.argsort(descending=True, stable=True)
        return order[found.scores[order] >= self.min_score][: self.max_candidates]

    def _features(self, inputs: Tensor) -> tuple[Tensor, ...]:
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.freeze_detector):
            return self.extract_feat(inputs)

    def _own_part(self, inputs: Tensor, view: DetDataSample) -> Tensor:
        """A view (1, C, H, W) without the air that larger images of the batch bring."""
        divisor = self.data_preprocessor.pad_size_divisor
        height, width = (math.ceil(side / divisor) * divisor for side in view.img_shape[:2])
        return inputs[:, :, :height, :width]


def _plain_sample(view: DetDataSample, inputs: Tensor) -> DetDataSample:
    shape = tuple(inputs.shape[-2:])
    meta = {'img_id': view.image_id, 'scale_factor': (1.0, 1.0), 'batch_input_shape': shape, 'pad_shape': shape}
    return DetDataSample(metainfo={**view.metainfo, **meta})
