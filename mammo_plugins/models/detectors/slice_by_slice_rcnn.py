"""M&M on every slice of a volume, and its findings merged: the baseline of Buda et al."""

from __future__ import annotations

import numpy as np
import torch
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData
from torch import Tensor

from mammo_plugins.structures import SliceBins
from mammo_plugins.structures.case_sample import MammoCaseSample
from mammo_plugins.structures.slice_reach import slice_reach

from ..layers.slice_layout import SliceLayout
from .multi_view_sparse_rcnn import MultiViewSparseRCNN
from .slice_merging import merge_slices


@MODELS.register_module()
class SliceBySliceRCNN(MultiViewSparseRCNN):
    """A 2-D detector that predicts on volumes slice by slice.

    It trains as M&M on one slice a view (``SampleSlice``). Slice s of one view is read together with the slice at the
    same height of the other. The malignancy of a view is that of its most suspicious slice.

    Source: Buda et al., JAMA Network Open 2021, as taken up by M&M-3D, section 4.2, with M&M as the 2-D detector.

    Args:
        min_iou: 3-D boxes of findings that overlap by more than this merge.
        max_score_ratio: findings merge with one that scores at most so many times as high.
        **kwargs: as for :class:`MultiViewSparseRCNN`.
    """

    def __init__(self, min_iou: float = 0.5, max_score_ratio: float = 10.0, **kwargs) -> None:
        super().__init__(**kwargs)
        self.min_iou = min_iou
        self.max_score_ratio = max_score_ratio

    def predict(
        self, batch_inputs: Tensor, batch_data_samples: list[MammoCaseSample], rescale: bool = True
    ) -> list[MammoCaseSample]:
        """As :meth:`MultiViewSparseRCNN.predict`; ``slice_weights`` are a finding's scores by slice, which sum to 1."""
        layout = SliceLayout.from_cases(batch_data_samples)
        first_view = 0
        for case in batch_data_samples:
            views = range(first_view, first_view + len(case.views))
            images = [layout.slice_images_of([view]) for view in views]
            results = [
                self._merge(found, view) for found, view in zip(self._scan(batch_inputs, images, case), case.views)
            ]
            self._store(case, results, rescale)
            first_view += len(case.views)
        return batch_data_samples

    def _scan(self, batch_inputs: Tensor, images: list[list[int]], case: MammoCaseSample) -> list[list[InstanceData]]:
        """Findings of each view on each of its slices; a shorter volume shows some slices several times."""
        steps = max(map(len, images))
        flat = _single_slices(case)
        found: list[list[InstanceData]] = [[] for _ in images]
        for step in range(steps):
            slices = [step * len(of_view) // steps for of_view in images]
            inputs = batch_inputs[[of_view[index] for of_view, index in zip(images, slices)]]
            feats, proposals = self._features_and_proposals(inputs, [flat])
            for of_view, index, result in zip(found, slices, self.roi_head.predict(feats, proposals, [flat])):
                result.slices = torch.full_like(result.labels, index)
                of_view.append(result)
        return found

    def _merge(self, found: list[InstanceData], view: DetDataSample) -> InstanceData:
        together = InstanceData.cat([_without_weights(result) for result in found])
        bins = view.slice_bins
        boxes = together.bboxes.double().cpu().numpy()
        reach = slice_reach(boxes, view.homography_matrix) * bins.num_bins / bins.num_slices
        merged = merge_slices(
            boxes,
            together.scores.double().cpu().numpy(),
            together.slices.cpu().numpy(),
            together.labels.cpu().numpy(),
            np.floor(reach),
            bins.num_bins,
            self.min_iou,
            self.max_score_ratio,
        )
        device = together.bboxes.device
        kept = slice(self.roi_head.test_cfg.max_per_img)
        weights = merged.slice_scores / merged.slice_scores.sum(axis=1, keepdims=True)
        return InstanceData(
            metainfo=dict(malignancy=max(result.malignancy for result in found)),
            bboxes=torch.as_tensor(merged.boxes_xyxy[kept], dtype=torch.float32, device=device),
            scores=torch.as_tensor(merged.scores[kept], dtype=torch.float32, device=device),
            labels=torch.as_tensor(merged.labels[kept], device=device),
            slices=torch.as_tensor(merged.slices[kept], device=device),
            slice_weights=torch.as_tensor(weights[kept], dtype=torch.float32, device=device),
        )


def _single_slices(case: MammoCaseSample) -> MammoCaseSample:
    """The case with one slice a view."""
    flat = MammoCaseSample(metainfo=case.metainfo)
    flat.views = [
        DetDataSample(metainfo={**view.metainfo, 'num_slices': 1, 'slice_bins': SliceBins(1, 1)}) for view in case.views
    ]
    return flat


def _without_weights(result: InstanceData) -> InstanceData:
    return InstanceData(bboxes=result.bboxes, scores=result.scores, labels=result.labels, slices=result.slices)
