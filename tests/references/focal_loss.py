"""Focal losses as plain loops, from the paper."""

from __future__ import annotations

import math
from collections.abc import Sequence


def sigmoid_focal_loss(
    logits: Sequence[Sequence[float]],
    target: Sequence[int],
    gamma: float,
    alpha: float,
    weight: Sequence[float] | None = None,
) -> list[list[float]]:
    """One binary focal loss a class; a target that is no class is background.

    Source: Lin et al., Focal Loss for Dense Object Detection, ICCV 2017, Eq. 5.
    """
    losses = []
    for row, label in zip(logits, target):
        factor = weight[label] if weight is not None and 0 <= label < len(row) else 1.0
        losses.append([])
        for index, logit in enumerate(row):
            probability = 1 / (1 + math.exp(-logit))
            right, balance = (probability, alpha) if index == label else (1 - probability, 1 - alpha)
            losses[-1].append(-factor * balance * (1 - right) ** gamma * math.log(right))
    return losses


def softmax_focal_loss(
    logits: Sequence[Sequence[float]],
    target: Sequence[int],
    gamma: float,
    alpha: float,
    weight: Sequence[float] | None = None,
) -> list[float]:
    """The focal loss of the target class's softmax probability; background costs nothing."""
    losses = []
    for row, label in zip(logits, target):
        if not 0 <= label < len(row):
            losses.append(0.0)
            continue
        right = math.exp(row[label]) / sum(math.exp(logit) for logit in row)
        factor = 1.0 if weight is None else weight[label]
        losses.append(-factor * alpha * (1 - right) ** gamma * math.log(right))
    return losses
