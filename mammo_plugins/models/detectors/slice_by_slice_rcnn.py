"""M&M on every slice of a volume, and its findings merged: the baseline of Buda et al."""

from __future__ import annotations

import torch
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData
from torch import Tensor

from mammo_plugins.structures import SliceBins
from mammo_plugins.structures.case_sample import MammoCaseSample

from ..layers.slice_layout import SliceLayout
from .multi_view_sparse_rcnn import MultiViewSparseRCNN
from .view_results import merge_slice_results, store_results


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
            store_results(case, results, rescale)
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
        return merge_slice_results(found, view, self.min_iou, self.max_score_ratio, self.roi_head.test_cfg.max_per_img)


def _single_slices(case: MammoCaseSample) -> MammoCaseSample:
    """The case with one slice a view."""
    flat = MammoCaseSample(metainfo=case.metainfo)
    flat.views = [
        DetDataSample(metainfo={**view.metainfo, 'num_slices': 1, 'slice_bins': SliceBins(1, 1)}) for view in case.views
    ]
    return flat
