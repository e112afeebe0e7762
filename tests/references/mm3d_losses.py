"""Slow, literal reference of the training loss of M&M-3D (Eq. 7), written from the papers alone.

The loss of M&M is Sparse R-CNN's set loss a head (bipartite matching; focal loss, L1 on normalised corners, GIoU) on
annotated images, plus binary cross-entropy on the image and breast scores. Eq. 7 adds the negative log weight of the
annotated slice of every matched proposal, summed over the heads. The matching tries every assignment.

Source: M&M-3D (Truong Vu et al., 2025), Eq. 7; Sparse R-CNN (Sun et al., 2021), section 3.3; focal loss (Lin et al.,
2017), Eq. 5; generalised IoU (Rezatofighi et al., 2019), algorithm 1.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import torch

from tests.references.mm3d_algorithm import ReferenceOutput

Tensor = torch.Tensor


@dataclass
class ReferenceTarget:
    """Truth of one view.

    Args:
        boxes: `(G, 4)` corners in network pixels.
        labels: `(G,)` class indices.
        slices: `(G,)` annotated slice index of every finding, -1 where none is annotated.
        annotated: Whether findings were drawn; if not, only the image and breast losses count.
        image_malignant: 0.0 or 1.0.
        image_size: `(height, width)` in network pixels.
    """

    boxes: Tensor
    labels: Tensor
    slices: Tensor
    annotated: bool
    image_malignant: float
    image_size: tuple[int, int]


def total_losses(
    outputs: list[ReferenceOutput],
    targets: list[list[ReferenceTarget]],
    breast_malignant: list[float],
    class_weight: float = 2.0,
    l1_weight: float = 5.0,
    giou_weight: float = 2.0,
) -> dict[str, Tensor]:
    """Every term of Eq. 7 for a batch of breasts.

    Args:
        outputs: One item a breast.
        targets: One list of views a breast.
        breast_malignant: 0.0 or 1.0 a breast.

    Returns:
        `s{i}.loss_cls`, `s{i}.loss_bbox`, `s{i}.loss_iou`, `s{i}.loss_slice` a head i, `loss_mil_image` and
        `loss_mil_breast`.
    """
    losses = {}
    for i in range(len(outputs[0].heads[0])):
        focal = l1 = giou = slice_nll = torch.zeros((), dtype=outputs[0].breast_score.dtype)
        positives = positives_with_slice = 0
        for output, views in zip(outputs, targets):
            for v, target in enumerate(views):
                if not target.annotated:
                    continue
                head = output.heads[v][i]
                matches = match(head.boxes, head.logits, target, (class_weight, l1_weight, giou_weight))
                positives += len(matches)
                one_hot = torch.zeros_like(head.logits)
                scale = box_scale(target.image_size, head.boxes)
                for n, g in matches:
                    one_hot[n, target.labels[g]] = 1.0
                    l1 = l1 + (head.boxes[n] / scale - target.boxes[g] / scale).abs().sum()
                    giou = giou + 1 - generalised_iou(head.boxes[n], target.boxes[g])
                    if target.slices[g] >= 0 and len(head.slice_weights) > 1:  # one slice leaves nothing to choose
                        slice_nll = slice_nll - torch.log(head.slice_weights[target.slices[g], n])
                        positives_with_slice += 1
                focal = focal + focal_loss(head.logits, one_hot)
        count = max(positives, 1)
        losses[f's{i}.loss_cls'] = class_weight * focal / count
        losses[f's{i}.loss_bbox'] = l1_weight * l1 / count
        losses[f's{i}.loss_iou'] = giou_weight * giou / count
        losses[f's{i}.loss_slice'] = slice_nll / max(positives_with_slice, 1)

    image_losses, breast_losses = [], []
    for output, views, malignant in zip(outputs, targets, breast_malignant):
        for v, target in enumerate(views):
            image_losses.append(binary_cross_entropy(output.image_scores[v], target.image_malignant))
        breast_losses.append(binary_cross_entropy(output.breast_score, malignant))
    losses['loss_mil_image'] = sum(image_losses) / len(image_losses)
    losses['loss_mil_breast'] = sum(breast_losses) / len(breast_losses)
    return losses


def match(boxes: Tensor, logits: Tensor, target: ReferenceTarget, weights: tuple[float, float, float]) -> list:
    """The cheapest one-to-one assignment of findings to proposals: `(proposal, finding)` pairs, found by trying all."""
    class_weight, l1_weight, giou_weight = weights
    boxes, logits = boxes.detach(), logits.detach()
    scale = box_scale(target.image_size, boxes)
    num_proposals, num_findings = len(boxes), len(target.boxes)
    cost = torch.zeros(num_proposals, num_findings, dtype=boxes.dtype)
    for n in range(num_proposals):
        for g in range(num_findings):
            p = torch.sigmoid(logits[n, target.labels[g]])
            positive = -0.25 * (1 - p) ** 2 * torch.log(p + 1e-12)
            negative = -0.75 * p**2 * torch.log(1 - p + 1e-12)
            l1 = (boxes[n] / scale - target.boxes[g] / scale).abs().sum()
            giou = generalised_iou(boxes[n], target.boxes[g])
            cost[n, g] = class_weight * (positive - negative) + l1_weight * l1 - giou_weight * giou
    best = min(
        itertools.permutations(range(num_proposals), num_findings),
        key=lambda chosen: float(sum(cost[n, g] for g, n in enumerate(chosen))),
    )
    return [(n, g) for g, n in enumerate(best)]


def box_scale(image_size: tuple[int, int], like: Tensor) -> Tensor:
    """`(width, height, width, height)` of the image."""
    height, width = image_size
    return like.new_tensor([width, height, width, height])


def focal_loss(logits: Tensor, one_hot: Tensor, alpha: float = 0.25, gamma: float = 2.0) -> Tensor:
    """Sum over proposals and classes of the alpha-balanced focal loss."""
    total = logits.new_zeros(())
    for logit, truth in zip(logits.flatten(), one_hot.flatten()):
        p = torch.sigmoid(logit)
        p_t = p if truth == 1 else 1 - p
        alpha_t = alpha if truth == 1 else 1 - alpha
        total = total - alpha_t * (1 - p_t) ** gamma * torch.log(p_t)
    return total


def generalised_iou(a: Tensor, b: Tensor) -> Tensor:
    """Generalised intersection over union of two boxes given by their corners."""
    zero = a.new_zeros(())
    overlap = torch.maximum(torch.minimum(a[2], b[2]) - torch.maximum(a[0], b[0]), zero) * torch.maximum(
        torch.minimum(a[3], b[3]) - torch.maximum(a[1], b[1]), zero
    )
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - overlap
    hull = (torch.maximum(a[2], b[2]) - torch.minimum(a[0], b[0])) * (
        torch.maximum(a[3], b[3]) - torch.minimum(a[1], b[1])
    )
    return overlap / union - (hull - union) / hull


def binary_cross_entropy(score: Tensor, malignant: float) -> Tensor:
    """Cross-entropy of one score against one label."""
    return -(malignant * torch.log(score) + (1 - malignant) * torch.log(1 - score))
