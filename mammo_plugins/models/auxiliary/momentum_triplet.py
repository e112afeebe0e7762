"""Samples of one class near each other, those of others far: momentum metric learning.

Glossary: n samples of a batch, Q of the queue, E size of an embedding, C channels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmdet.structures.bbox import bbox_overlaps
from torch import Tensor, nn
from torch.nn import functional as F

from ..losses.average_factor import global_average_factor
from ..losses.label_target import LabelTarget
from ..pretraining.gathering import gather_samples
from .auxiliary_tasks import AuxiliaryTask
from .momentum_copy import MomentumCopy

NO_CLASS = -1
_ATTEMPTS = 20


@MODELS.register_module()
class MomentumTripletTask(AuxiliaryTask):
    """A triplet loss between the embeddings of a batch and those of a queue, which a slowly following copy made.

    For a classifier a sample is an image with the class of a label. For a detector (``label`` None) samples are the
    annotated boxes, whose class is that of the finding, and as many random boxes of background an image as asked for;
    their features are RoIAlign's of the backbone's last map. Images that are not annotated give none.

    Each sample is compared with what is in the queue and with the other samples of the batch, all as the copy embeds
    them. Its positive is a random one of its class. Its negatives are the nearest ones of other classes that are
    farther away than the positive (semi-hard), or, where none is, the farthest one. The loss is the mean over negatives
    of ``max(0, d(positive) - d(negative) + margin)`` with squared distances of embeddings of length 1. Samples without
    a positive or a negative cost nothing.

    Source: EISNet (Wang et al., ECCV 2020), its extrinsic task, for class labels; RoI features in their place for
    detectors are this project's reading for MSVCL v2, which compares it on detection without saying how.

    Args:
        in_channels: C of the backbone's last map.
        label: arguments of :class:`~mammo_plugins.models.losses.label_target.LabelTarget`; None for boxes.
        embed_dims: E.
        queue_length: Q.
        num_negatives: most negatives of a sample.
        margin: of the loss.
        momentum: share of the old weights of the copy in a step.
        num_background: boxes of background an image.
        background_size: side of these in pixels, in images without a finding.
        roi_size: bins a side of RoIAlign.
        loss_weight: of the loss.

    Raises:
        ValueError: a number is out of range.
    """

    def __init__(
        self,
        in_channels: int,
        label: Mapping | None = None,
        embed_dims: int = 128,
        queue_length: int = 1024,
        num_negatives: int = 256,
        margin: float = 2.0,
        momentum: float = 0.999,
        num_background: int = 4,
        background_size: int = 96,
        roi_size: int = 7,
        loss_weight: float = 0.5,
    ) -> None:
        super().__init__()
        if min(embed_dims, queue_length, num_negatives, background_size, roi_size) < 1 or num_background < 0:
            raise ValueError('sizes of MomentumTripletTask must be at least 1, and num_background not negative')
        self.label = None if label is None else LabelTarget(**label)
        self.num_negatives, self.margin, self.momentum = num_negatives, margin, momentum
        self.num_background, self.background_size = num_background, background_size
        self.roi_size, self.loss_weight = roi_size, loss_weight
        self.embedding = nn.Linear(in_channels, embed_dims)
        self.slow_embedding = MomentumCopy(self.embedding, momentum)
        self.register_buffer('queue', torch.zeros(queue_length, embed_dims))
        self.register_buffer('queue_classes', torch.full((queue_length,), NO_CLASS))
        self.register_buffer('next_place', torch.zeros((), dtype=torch.long))

    def attach(self, backbone: nn.Module) -> None:
        self.slow_backbone = MomentumCopy(backbone, self.momentum)

    def loss(
        self,
        backbone: nn.Module,
        features: Sequence[Tensor],
        inputs: Tensor,
        views: Sequence[DetDataSample],
    ) -> dict[str, Tensor]:
        """``loss_triplet``: mean over the samples of all processes that have a positive and a negative."""
        self.slow_backbone.update(backbone)
        self.slow_embedding.update(self.embedding)
        boxes, classes = self._samples(views, inputs)
        own = F.normalize(self.embedding(self._pool(features[-1], inputs, boxes)), dim=1)
        slow = self.slow_embedding(self._pool(self.slow_backbone(inputs)[-1], inputs, boxes))
        slow = F.normalize(slow, dim=1)
        losses, count = self._triplet_losses(own, classes, slow)
        self._enqueue(gather_samples(slow), gather_samples(classes))
        average = global_average_factor(count, own.device, 'triplets')
        return dict(loss_triplet=self.loss_weight * losses / average)

    def _samples(self, views: Sequence[DetDataSample], inputs: Tensor) -> tuple[Tensor | None, Tensor]:
        """(n, 5) boxes with their image in front, None for whole images, and (n,) classes."""
        if self.label is not None:
            values = inputs.new_tensor([view.gt_labels[self.label.name] for view in views])
            return None, self.label.class_indices(values)
        boxes, classes = [], []
        for index, view in enumerate(views):
            if not view.annotated:
                continue
            found = view.gt_instances.bboxes.to(inputs)
            background = self._background(found, view.img_shape)
            both = torch.cat([found, background])
            boxes.append(torch.cat([both.new_full((len(both), 1), index), both], dim=1))
            classes += [*(view.gt_instances.labels + 1).tolist(), *[0] * len(background)]
        empty = inputs.new_zeros(0, 5)
        return torch.cat([empty, *boxes]), torch.tensor(classes, dtype=torch.long, device=inputs.device)

    def _background(self, found: Tensor, img_shape: tuple[int, int]) -> Tensor:
        """(k, 4) random boxes that no finding touches, of the sizes of the image's findings where it has any."""
        height, width = img_shape
        drawn = []
        for _ in range(self.num_background):
            sides = found.new_tensor([self.background_size] * 2)
            if len(found):
                box = found[int(torch.randint(len(found), ()))]
                sides = box[2:] - box[:2]
            sides = torch.minimum(sides, sides.new_tensor([width, height]))
            for _ in range(_ATTEMPTS):
                corner = torch.rand(2).to(sides) * (sides.new_tensor([width, height]) - sides)
                candidate = torch.cat([corner, corner + sides])[None]
                if not bool((bbox_overlaps(candidate, found) > 0).any()):
                    drawn.append(candidate)
                    break
        return torch.cat([found[:0], *drawn])

    def _pool(self, feature_map: Tensor, inputs: Tensor, boxes: Tensor | None) -> Tensor:
        """(n, C) means of the map over images or boxes."""
        if boxes is None:
            return feature_map.mean(dim=(2, 3))
        from mmcv.ops import roi_align

        scale = feature_map.shape[-1] / inputs.shape[-1]
        return roi_align(feature_map, boxes.to(feature_map), self.roi_size, scale, 2, 'avg', True).mean(dim=(2, 3))

    def _triplet_losses(self, own: Tensor, classes: Tensor, slow: Tensor) -> tuple[Tensor, int]:
        """Sum of the losses of samples, and of how many."""
        candidates = torch.cat([self.queue.to(slow), slow])
        of_candidates = torch.cat([self.queue_classes, classes])
        offset, total, count = len(self.queue), 0.0 * own.sum(), 0
        for index, (embedding, own_class) in enumerate(zip(own, classes.tolist())):
            usable = of_candidates != NO_CLASS
            usable[offset + index] = False
            positives = torch.nonzero(usable & (of_candidates == own_class)).flatten()
            negatives = torch.nonzero(usable & (of_candidates != own_class)).flatten()
            if own_class == NO_CLASS or not len(positives) or not len(negatives):
                continue
            positive = positives[int(torch.randint(len(positives), ()))]
            total = total + self.triplet(embedding, candidates[positive], candidates[negatives])
            count += 1
        return total, count

    def triplet(self, anchor: Tensor, positive: Tensor, negatives: Tensor) -> Tensor:
        """The loss of one sample (E,) with its positive (E,) and all of other classes (m, E)."""
        near = (anchor - positive).square().sum()
        far = (anchor - negatives).square().sum(dim=1)
        beyond = far[far.detach() > near.detach()]
        chosen = beyond.topk(min(self.num_negatives, len(beyond)), largest=False).values if len(beyond) else far.max()
        return (near - chosen + self.margin).clamp(min=0).mean()

    @torch.no_grad()
    def _enqueue(self, slow: Tensor, classes: Tensor) -> None:
        """Takes the samples of all processes in, in place of the oldest ones."""
        slow, classes = slow[classes != NO_CLASS][-len(self.queue) :], classes[classes != NO_CLASS][-len(self.queue) :]
        places = (self.next_place + torch.arange(len(slow), device=self.queue.device)) % len(self.queue)
        self.queue[places] = slow.to(self.queue)
        self.queue_classes[places] = classes
        self.next_place.copy_((self.next_place + len(slow)) % len(self.queue))
