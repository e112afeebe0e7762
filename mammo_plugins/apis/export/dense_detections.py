"""A detector with dense heads as one function of an image: boxes and scores before suppression."""

from __future__ import annotations

import torch
from mmdet.models.dense_heads import FCOSHead, RetinaHead
from mmdet.models.detectors import SingleStageDetector
from torch import Tensor, nn

from mammo_plugins.models.dense_heads.efficientdet_head import EfficientDetHead

HEADS = (FCOSHead, RetinaHead, EfficientDetHead)


class DenseDetections(nn.Module):
    """Every place that a dense head looks at, with its box and its scores.

    Glossary: N images, A places of all levels, K classes.

    Args:
        detector: of mmdet, with a head of :data:`HEADS`.

    Raises:
        ValueError: its head is another one.
    """

    inputs = ('images',)
    outputs = ('boxes', 'scores')

    def __init__(self, detector: SingleStageDetector) -> None:
        super().__init__()
        head = getattr(detector, 'bbox_head', None)
        if not isinstance(head, HEADS):
            raise ValueError(
                f'{type(detector).__name__} has the head {type(head).__name__}: heads that can be written are '
                f'{", ".join(kind.__name__ for kind in HEADS)}'
            )
        self.detector = detector
        self.coarsest_stride = max(max(stride) for stride in head.prior_generator.strides)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Boxes (N, A, 4) xyxy in network pixels, not cut off at the border, and scores (N, A, K) in [0, 1].

        Args:
            images: (N, C, H, W) as the data preprocessor gives them.
        """
        head = self.detector.bbox_head
        logits, deltas, *centredness = head(self.detector.extract_feat(images))
        sizes = [level.shape[-2:] for level in logits]
        priors = torch.cat(head.prior_generator.grid_priors(sizes, dtype=images.dtype, device=images.device))
        scores = _by_place(logits, head.cls_out_channels)
        scores = scores.sigmoid() if head.use_sigmoid_cls else scores.softmax(-1)[..., :-1]  # without background
        if centredness:
            scores = scores * _by_place(centredness[0], 1).sigmoid()
        moved = _by_place(deltas, 4)
        every = priors.expand(images.shape[0], *priors.shape)  # len() would fix the number of images
        boxes = head.bbox_coder.decode(every.flatten(0, 1), moved.flatten(0, 1)).unflatten(0, moved.shape[:2])
        return boxes, scores


def _by_place(levels: list[Tensor], width: int) -> Tensor:
    """Levels (N, places * width, H_l, W_l) as (N, A, width)."""
    return torch.cat([level.permute(0, 2, 3, 1).flatten(1).unflatten(1, (-1, width)) for level in levels], dim=1)
