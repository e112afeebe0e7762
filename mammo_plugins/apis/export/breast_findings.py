"""M&M-3D as one function of the views of a breast: boxes, scores and slice weights of all proposals."""

from __future__ import annotations

import torch
from mmcv.ops import RoIAlign
from mmdet.models.roi_heads.roi_extractors import SingleRoIExtractor
from mmdet.structures.bbox import bbox_cxcywh_to_xyxy
from torch import Tensor, nn
from torchvision.ops import roi_align

from mammo_plugins.models.detectors import MultiViewSparseRCNN


class BreastFindings(nn.Module):
    """The cascade on views of one size and one number of slices.

    Glossary: V views (1 or 2), S slices, N proposals, K classes, D channels of a feature.

    Every proposal is pooled from every level, and the one of its level is taken: a graph has no lists of boxes whose
    length depends on their size. That gives the same numbers as mmdet's extractor for as many times the pooling as
    there are levels.

    Args:
        detector: M&M or M&M-3D.
        num_views: V; the views of a pair attend to each other.
    """

    inputs = ('images', 'size')
    outputs = ('boxes', 'scores', 'slice_weights')

    def __init__(self, detector: MultiViewSparseRCNN, num_views: int = 2) -> None:
        super().__init__()
        self.detector = detector
        self.partners = (1, 0) if num_views == 2 else (-1,) * num_views
        for extractor in detector.roi_head.bbox_roi_extractor:
            _check(extractor)

    def forward(self, images: Tensor, size: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Boxes (V, N, 4) xyxy in network pixels, scores (V, N, K), and what each slice has in them, (V, N, S).

        Args:
            images: (V, S, C, H, W) as the data preprocessor gives them.
            size: (2,) height and width of the views without the air that fills them up.
        """
        levels = self.detector.extract_feat(images.flatten(0, 1))
        rpn = self.detector.rpn_head
        first_boxes = bbox_cxcywh_to_xyxy(rpn.init_proposal_bboxes.weight) * size.flip(0).repeat(2)
        boxes = first_boxes.expand(len(self.partners), -1, -1)
        features = rpn.init_proposal_features.weight.expand(len(self.partners), -1, -1)
        roi_head = self.detector.roi_head
        for extractor, head in zip(roi_head.bbox_roi_extractor, roi_head.bbox_head):
            proposals = head.attend(features, self.partners)
            rois = pool_all_slices(extractor, levels, boxes, images.shape[1])
            fused = head.fuse_slices(proposals.flatten(0, 1), rois)
            features = fused.features.unflatten(0, boxes.shape[:2])
            logits = head.classify(features)
            boxes = head.refine_boxes(boxes, features)
        weights = fused.log_weights.exp().unflatten(0, boxes.shape[:2])
        return boxes, logits.sigmoid(), weights


def _check(extractor: nn.Module) -> None:
    if type(extractor) is not SingleRoIExtractor or not all(
        isinstance(layer, RoIAlign) and layer.pool_mode == 'avg' for layer in extractor.roi_layers
    ):
        raise ValueError(
            f'{type(extractor).__name__} pools in another way than the average of RoIAlign, which alone can be written'
        )


def pool_all_slices(
    extractor: SingleRoIExtractor, levels: tuple[Tensor, ...], boxes: Tensor, num_slices: int
) -> Tensor:
    """RoI features (V * N, S, D, k, k) of the boxes (V, N, 4) of each view on its S slices.

    Args:
        extractor: says size, samples, strides, and which level a box is pooled from.
        levels: each (V * S, D, H_l, W_l).
    """
    num_views, num_boxes = boxes.shape[:2]
    every = boxes[:, None].expand(-1, num_slices, -1, -1).flatten(0, 1)  # (V * S, N, 4)
    images = torch.arange(num_views * num_slices, dtype=boxes.dtype)[:, None, None].expand(-1, num_boxes, -1)
    rois = torch.cat([images, every], dim=-1).flatten(0, 1)
    of_level = extractor.map_roi_levels(rois, extractor.num_inputs)
    pooled = 0.0
    for index, (level, layer) in enumerate(zip(levels, extractor.roi_layers)):
        cells = roi_align(level, rois, layer.output_size, layer.spatial_scale, layer.sampling_ratio, layer.aligned)
        pooled = torch.where((of_level == index)[:, None, None, None], cells, pooled)
    return pooled.unflatten(0, (num_views, num_slices, num_boxes)).transpose(1, 2).flatten(0, 1)
