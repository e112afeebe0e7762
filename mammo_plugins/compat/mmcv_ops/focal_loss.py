"""Focal losses: the operators behind ``mmcv.ops.sigmoid_focal_loss`` and ``softmax_focal_loss``.

N predictions, C classes. ``target`` (N,) holds a class index; every other value is background. ``weight`` is empty or
holds one factor a class, applied to the predictions whose target it is.

Source: Lin et al., Focal Loss for Dense Object Detection, ICCV 2017, Eq. 5.
"""

from __future__ import annotations

import torch
from torch.nn.functional import logsigmoid, one_hot

from .precision import widen


def sigmoid_focal_loss_forward(
    input: torch.Tensor, target: torch.Tensor, weight: torch.Tensor, output: torch.Tensor, gamma: float, alpha: float
) -> None:
    """Writes the loss (N, C) of the logits ``input`` (N, C) to ``output``."""
    logits = widen(input)
    probability = logits.sigmoid()
    positive = -alpha * (1 - probability) ** gamma * logsigmoid(logits)
    negative = -(1 - alpha) * probability**gamma * logsigmoid(-logits)
    loss = torch.where(_target_indicator(logits, target) > 0, positive, negative)
    output.copy_(loss * _target_weight(logits, target, weight)[:, None])


def sigmoid_focal_loss_backward(
    input: torch.Tensor,
    target: torch.Tensor,
    weight: torch.Tensor,
    grad_input: torch.Tensor,
    gamma: float,
    alpha: float,
) -> None:
    """Writes the derivative (N, C) of each loss with respect to its own logit to ``grad_input``."""
    logits = widen(input)
    probability = logits.sigmoid()
    rest = 1 - probability
    positive = -alpha * rest**gamma * (rest - gamma * probability * logsigmoid(logits))
    negative = (1 - alpha) * probability**gamma * (probability - gamma * rest * logsigmoid(-logits))
    slope = torch.where(_target_indicator(logits, target) > 0, positive, negative)
    grad_input.copy_(slope * _target_weight(logits, target, weight)[:, None])


def softmax_focal_loss_forward(
    softmax: torch.Tensor, target: torch.Tensor, weight: torch.Tensor, output: torch.Tensor, gamma: float, alpha: float
) -> None:
    """Writes the loss (N,) of the probabilities ``softmax`` (N, C) to ``output``; background costs nothing."""
    probability, scale = _target_probability(widen(softmax), target, weight)
    output.copy_(-alpha * scale * (1 - probability) ** gamma * _log(probability))


def softmax_focal_loss_backward(
    softmax: torch.Tensor,
    target: torch.Tensor,
    weight: torch.Tensor,
    buff: torch.Tensor,
    grad_input: torch.Tensor,
    gamma: float,
    alpha: float,
) -> None:
    """Writes the derivative (N, C) of the loss with respect to the logits to ``grad_input``; ``buff`` is scratch."""
    probabilities = widen(softmax)
    probability, scale = _target_probability(probabilities, target, weight)
    rest = 1 - probability
    # d(loss)/d(logit_c) = p_t d(loss)/d(p_t) (1[c = t] - p_c); clamped, because 0 ** (gamma - 1) is infinite
    tiny = torch.finfo(rest.dtype).tiny
    slope = gamma * rest.clamp(min=tiny) ** (gamma - 1) * probability * _log(probability)
    outer = alpha * scale * (slope - rest**gamma)
    grad_input.copy_(outer[:, None] * (_target_indicator(probabilities, target) - probabilities))


def _target_probability(
    probabilities: torch.Tensor, target: torch.Tensor, weight: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Probability (N,) of the target class, and the factor (N,) of its loss: 0 for background."""
    is_target = _target_indicator(probabilities, target)
    return (probabilities * is_target).sum(dim=1), is_target.sum(dim=1) * _target_weight(probabilities, target, weight)


def _target_indicator(scores: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """One at each row's target class, (N, C); a row of zeros for background."""
    classes = scores.shape[1]
    known = (target >= 0) & (target < classes)
    return one_hot(torch.where(known, target, classes), classes + 1)[:, :classes].to(scores.dtype)


def _target_weight(scores: torch.Tensor, target: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Weight (N,) of each row's target class, 1 for background and where there are no weights."""
    if weight.numel() == 0:
        return scores.new_ones(scores.shape[0])
    padded = torch.cat([weight.to(scores.dtype), scores.new_ones(1)])
    known = (target >= 0) & (target < len(weight))
    return padded[torch.where(known, target, len(weight))]


def _log(probability: torch.Tensor) -> torch.Tensor:
    return probability.clamp(min=torch.finfo(probability.dtype).tiny).log()
