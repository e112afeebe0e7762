"""What all detectors do with the findings of a view: merge slices, and go back to the source file."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData

from mammo_plugins.structures.case_sample import MammoCaseSample
from mammo_plugins.structures.geometry import project_boxes
from mammo_plugins.structures.sample_predictions import store_note
from mammo_plugins.structures.slice_reach import slice_reach

from .slice_merging import merge_slices


def store_results(case: MammoCaseSample, results: Sequence[InstanceData], rescale: bool) -> None:
    """Puts what was found in each view into the case, whose malignancy is the mean of its views'.

    Args:
        case: the breast.
        results: findings of each view in network pixels and slice bins, with the meta item ``malignancy``, and ``note``
            where there is one.
        rescale: store them in stored pixels and slices of the source file instead.
    """
    for view, instances in zip(case.views, results, strict=True):
        view.pred_malignancy = instances.malignancy
        if 'note' in instances:
            store_note(view, instances.note)
        view.pred_instances = to_source_frame(instances, view) if rescale else instances
    case.pred_malignancy = sum(view.pred_malignancy for view in case.views) / len(case.views)


def to_source_frame(instances: InstanceData, view: DetDataSample) -> InstanceData:
    """Boxes to stored pixels, clipped to the image, and slice bins to slices of the source file."""
    boxes = instances.bboxes
    to_stored = torch.linalg.inv(torch.as_tensor(view.homography_matrix, dtype=torch.float64, device='cpu'))
    stored = project_boxes(boxes.double(), to_stored.to(boxes.device))
    height, width = view.ori_shape[:2]
    limit = stored.new_tensor([width, height, width, height])
    instances.bboxes = torch.minimum(stored.clamp(min=0), limit)
    middles = [view.slice_bins.middle(index) for index in range(view.slice_bins.num_bins)]
    instances.slices = torch.tensor(middles, device=boxes.device)[instances.slices]
    return instances


def bin_reach(boxes_xyxy: np.ndarray, view: DetDataSample) -> np.ndarray:
    """(n,) slice bins that boxes (n, 4) in network pixels reach to either side; see ``slice_reach``."""
    bins = view.slice_bins
    return np.floor(slice_reach(boxes_xyxy, view.homography_matrix) * bins.num_bins / bins.num_slices)


def merge_slice_results(
    found: Sequence[InstanceData], view: DetDataSample, min_iou: float, max_score_ratio: float, max_per_img: int
) -> InstanceData:
    """Findings of a volume from those of its slices.

    Args:
        found: results of single slices with ``bboxes``, ``scores``, ``labels``, ``slices`` and the meta item
            ``malignancy``, whose maximum is that of the view, and perhaps ``note``.
        view: the view.
        min_iou, max_score_ratio: as for :func:`~.slice_merging.merge_slices`.
        max_per_img: so many findings are kept.

    Returns:
        Instances with ``slice_weights`` (n, S) too, a finding's scores by slice, which sum to 1.
    """
    together = InstanceData.cat([_without_weights(result) for result in found])
    boxes = together.bboxes.double().cpu().numpy()
    merged = merge_slices(
        boxes,
        together.scores.double().cpu().numpy(),
        together.slices.cpu().numpy(),
        together.labels.cpu().numpy(),
        bin_reach(boxes, view),
        view.slice_bins.num_bins,
        min_iou,
        max_score_ratio,
    )
    device = together.bboxes.device
    kept = slice(max_per_img)
    weights = merged.slice_scores / merged.slice_scores.sum(axis=1, keepdims=True)
    notes = dict.fromkeys(result.note for result in found if 'note' in result)
    return InstanceData(
        metainfo=dict(
            malignancy=max(result.malignancy for result in found), **({'note': '; '.join(notes)} if notes else {})
        ),
        bboxes=torch.as_tensor(merged.boxes_xyxy[kept], dtype=torch.float32, device=device),
        scores=torch.as_tensor(merged.scores[kept], dtype=torch.float32, device=device),
        labels=torch.as_tensor(merged.labels[kept], device=device),
        slices=torch.as_tensor(merged.slices[kept], device=device),
        slice_weights=torch.as_tensor(weights[kept], dtype=torch.float32, device=device),
    )


def _without_weights(result: InstanceData) -> InstanceData:
    return InstanceData(bboxes=result.bboxes, scores=result.scores, labels=result.labels, slices=result.slices)
