"""Focal loss with two exponents against mmdet's, and against the formula by hand."""

from __future__ import annotations

import math

import pytest
import torch
from mmdet.models.losses import FocalLoss
from mmdet.registry import MODELS

LOGITS = torch.tensor([[2.0, -1.0], [0.5, 0.0], [-3.0, 4.0]])
TARGETS = torch.tensor([0, 2, 1])  # the second is background


def build(**arguments):
    return MODELS.build(dict(type='TwoGammaFocalLoss', **arguments))


@pytest.mark.parametrize('avg_factor', [None, 3.0])
def test_equal_exponents_give_the_loss_of_mmdet(avg_factor):
    ours = build(gamma_positive=1.5, gamma_negative=1.5, alpha=0.25, loss_weight=2.0)
    theirs = FocalLoss(use_sigmoid=True, gamma=1.5, alpha=0.25, loss_weight=2.0)
    weight = torch.tensor([1.0, 0.5, 2.0])
    for given in (None, weight):
        found = ours(LOGITS, TARGETS, given, avg_factor=avg_factor)
        torch.testing.assert_close(found, theirs(LOGITS, TARGETS, given, avg_factor=avg_factor), rtol=1e-5, atol=1e-7)


def test_each_target_has_its_exponent_and_weight():
    wanted = 0.0
    for row, target in zip(LOGITS.tolist(), TARGETS.tolist()):
        for index, logit in enumerate(row):
            p = 1 / (1 + math.exp(-logit))
            wanted += -0.9 * (1 - p) ** 3 * math.log(p) if index == target else -0.1 * p**1.5 * math.log(1 - p)
    loss = build(gamma_positive=3.0, gamma_negative=1.5, alpha=0.9)
    assert float(loss(LOGITS, TARGETS, reduction_override='sum')) == pytest.approx(wanted, rel=1e-5)


def test_certain_predictions_have_finite_gradients():
    logits = torch.tensor([[200.0], [-200.0], [200.0]], requires_grad=True)
    loss = build(gamma_positive=0.5, gamma_negative=0.5)(logits, torch.tensor([0, 1, 1]))
    loss.backward()
    assert torch.isfinite(loss) and torch.isfinite(logits.grad).all() and logits.grad[2] > 0


@pytest.mark.parametrize(
    ('wrong', 'message'),
    [(dict(use_sigmoid=False), 'use_sigmoid=False'), (dict(alpha=9), r'alpha is in \[0, 1\], got 9')],
)
def test_wrong_arguments_are_named(wrong, message):
    with pytest.raises(ValueError, match=message):
        build(**wrong)
