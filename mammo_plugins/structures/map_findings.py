"""Findings as boxes from saliency maps, so that a model that gives maps only is scored and shown as a detector is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData
from scipy import ndimage

from .case_sample import MammoCaseSample
from .geometry import project_boxes

_SCORES = ('peak', 'mean')
_NEIGHBOURS = np.ones((3, 3), bool)  # corners touch too


@dataclass(frozen=True)
class MapFindings:
    """How regions of a saliency map become findings: connected cells from a threshold on, in an upright box.

    Args:
        threshold: least saliency of a cell of a region.
        relative: the threshold is a part of the largest value of the map, so that every map that is not 0 everywhere
            has a region. Its boxes are ranked by their scores as those of other maps are.
        score: of a box: the ``peak`` of its region, or the ``mean`` over it.
        min_area_px: least area of a region, in stored pixels of the source file.
        max_findings: so many regions of a map are kept, those with the highest score.

    Raises:
        ValueError: a setting is out of range.
    """

    threshold: float = 0.5
    relative: bool = False
    score: str = 'peak'
    min_area_px: float = 0.0
    max_findings: int = 100

    def __post_init__(self) -> None:
        if not 0 < self.threshold <= 1 or self.score not in _SCORES or self.min_area_px < 0 or self.max_findings < 1:
            raise ValueError(
                'map_findings needs 0 < threshold <= 1, score peak or mean, min_area_px >= 0 and max_findings >= 1, '
                f'got {self}'
            )

    def find(
        self, saliency: np.ndarray, covered: Sequence[float], homography: np.ndarray, shape: Sequence[int]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Boxes (n, 4) xyxy in stored pixels and scores (n,) of a map, the highest score first.

        Args:
            saliency: (h, w) in [0, 1].
            covered: (height, width) that the map covers in the frame of the network.
            homography: (3, 3) stored pixels to that frame.
            shape: (H, W) of the source file, to which boxes are clipped; one beside it is left out.
        """
        threshold = self.threshold * (saliency.max() if self.relative else 1)
        regions, count = ndimage.label((saliency >= threshold) & (saliency > 0), _NEIGHBOURS)
        numbers = np.arange(1, count + 1)
        of_region = ndimage.maximum if self.score == 'peak' else ndimage.mean
        scores = np.asarray(of_region(saliency, regions, numbers), np.float64).reshape(-1)
        rows, columns = (extent / cells for extent, cells in zip(covered, saliency.shape, strict=True))
        parts = ndimage.find_objects(regions)
        boxes = np.array(
            [(x.start * columns, y.start * rows, x.stop * columns, y.stop * rows) for y, x in parts], np.float64
        )
        stored = project_boxes(boxes.reshape(-1, 4), np.linalg.inv(homography)).clip(0, [*shape[1::-1]] * 2)
        areas = np.bincount(regions.ravel(), minlength=count + 1)[1:] * rows * columns
        areas = areas / abs(np.linalg.det(np.asarray(homography, np.float64)[:2, :2]))
        inside = (stored[:, 2:] > stored[:, :2]).all(axis=1)
        kept = np.flatnonzero(inside & (areas >= self.min_area_px))
        kept = kept[np.argsort(-scores[kept], kind='stable')][: self.max_findings]
        return stored[kept], scores[kept]


def store_map_findings(cases: Sequence[MammoCaseSample], settings: MapFindings) -> None:
    """Sets ``pred_instances`` of every view from its ``pred_saliency``, as detectors give them.

    Labels count the maps in their order, which is that of the data set's classes. Views that have the label
    ``malignant`` in ``pred_labels`` have it as ``pred_malignancy`` too; that of a case is their mean.
    """
    for case in cases:
        for view in case.views:
            view.pred_instances = _instances(view, view.pred_saliency, settings)
        told = [view.pred_labels.get('malignant') if 'pred_labels' in view else None for view in case.views]
        if None not in told:
            for view, malignancy in zip(case.views, told, strict=True):
                view.pred_malignancy = malignancy
            case.pred_malignancy = sum(told) / len(told)


def _instances(view: DetDataSample, maps: Mapping[str, torch.Tensor], settings: MapFindings) -> InstanceData:
    place = view.img_shape[:2], np.asarray(view.homography_matrix, np.float64), view.ori_shape[:2]
    found = [settings.find(one.detach().double().cpu().numpy(), *place) for one in maps.values()]
    boxes, scores = (np.concatenate(parts) for parts in zip(*found, strict=True))
    labels = np.repeat(np.arange(len(found)), [len(of_map) for _, of_map in found])
    return InstanceData(
        bboxes=torch.as_tensor(boxes, dtype=torch.float32),
        scores=torch.as_tensor(scores, dtype=torch.float32),
        labels=torch.as_tensor(labels),
        slices=torch.full((len(labels),), view.slice_bins.middle(0)),
        slice_weights=torch.ones(len(labels), 1),
    )
