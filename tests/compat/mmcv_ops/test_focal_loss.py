from __future__ import annotations

import pytest
import torch

from tests.references import focal_loss as reference

# Two classes hit, one never, and background in both spellings (the number of classes, and a negative index).
TARGET = torch.tensor([0, 2, 3, -1, 2])
WEIGHT = torch.tensor([0.5, 2.0, 3.0], dtype=torch.float64)


@pytest.fixture
def logits(generator: torch.Generator) -> torch.Tensor:
    return 3 * torch.randn(5, 3, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize('weight', [None, WEIGHT], ids=['unweighted', 'weighted'])
@pytest.mark.parametrize('gamma', [0.0, 0.5, 2.0])
def test_sigmoid_loss_matches_the_paper(mmcv_ops, device, logits, gamma, weight):
    given = weight if weight is None else weight.to(device)
    loss = mmcv_ops.sigmoid_focal_loss(logits.to(device), TARGET.to(device), gamma, 0.25, given, 'none')
    weights = weight if weight is None else weight.tolist()
    expected = reference.sigmoid_focal_loss(logits.tolist(), TARGET.tolist(), gamma, 0.25, weights)
    torch.testing.assert_close(loss.cpu(), torch.tensor(expected, dtype=torch.float64))


@pytest.mark.parametrize('weight', [None, WEIGHT], ids=['unweighted', 'weighted'])
@pytest.mark.parametrize('gamma', [0.0, 0.5, 2.0])
@pytest.mark.parametrize('reduction', ['none', 'mean', 'sum'])
def test_sigmoid_gradient_is_that_of_the_loss(mmcv_ops, device, logits, gamma, weight, reduction):
    given = weight if weight is None else weight.to(device)
    target = TARGET.to(device)
    inputs = logits.to(device).requires_grad_()
    assert torch.autograd.gradcheck(
        lambda values: mmcv_ops.sigmoid_focal_loss(values, target, gamma, 0.25, given, reduction), inputs
    )


@pytest.mark.parametrize('weight', [None, WEIGHT], ids=['unweighted', 'weighted'])
@pytest.mark.parametrize('gamma', [0.0, 0.5, 2.0])
def test_softmax_loss_matches_the_paper(mmcv_ops, device, logits, gamma, weight):
    given = weight if weight is None else weight.to(device)
    loss = mmcv_ops.softmax_focal_loss(logits.to(device), TARGET.to(device), gamma, 0.25, given, 'none')
    weights = weight if weight is None else weight.tolist()
    expected = reference.softmax_focal_loss(logits.tolist(), TARGET.tolist(), gamma, 0.25, weights)
    torch.testing.assert_close(loss.cpu(), torch.tensor(expected, dtype=torch.float64))


# mmcv's own backward multiplies (N, C) by (N,) without reduction, which only a compiled kernel would hide.
@pytest.mark.parametrize('weight', [None, WEIGHT], ids=['unweighted', 'weighted'])
@pytest.mark.parametrize('gamma', [0.0, 0.5, 2.0])
@pytest.mark.parametrize('reduction', ['mean', 'sum'])
def test_softmax_gradient_is_that_of_the_loss(mmcv_ops, device, logits, gamma, weight, reduction):
    given = weight if weight is None else weight.to(device)
    target = TARGET.to(device)
    inputs = logits.to(device).requires_grad_()
    assert torch.autograd.gradcheck(
        lambda values: mmcv_ops.softmax_focal_loss(values, target, gamma, 0.25, given, reduction), inputs
    )


@pytest.mark.parametrize('name', ['sigmoid_focal_loss', 'softmax_focal_loss'])
@pytest.mark.parametrize('gamma', [0.5, 2.0])
def test_saturated_logits_keep_loss_and_gradient_finite(mmcv_ops, name, gamma):
    logits = torch.tensor([[300.0, -300.0], [-300.0, 300.0]], requires_grad=True)
    loss = getattr(mmcv_ops, name)(logits, torch.tensor([0, 0]), gamma, 0.25, None, 'sum')
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(logits.grad).all()


@pytest.mark.parametrize('name', ['sigmoid_focal_loss', 'softmax_focal_loss'])
@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_half_precision_rounds_the_float32_loss_once(mmcv_ops, device, logits, name, dtype):
    half = logits.to(device, dtype)
    loss = getattr(mmcv_ops, name)(half, TARGET.to(device), 2.0, 0.25, None, 'none')
    exact = getattr(mmcv_ops, name)(half.float(), TARGET.to(device), 2.0, 0.25, None, 'none')
    torch.testing.assert_close(loss, exact.to(dtype), rtol=0.02, atol=1e-3)


@pytest.mark.parametrize('name', ['sigmoid_focal_loss', 'softmax_focal_loss'])
def test_no_predictions_cost_nothing_and_keep_the_gradient_alive(mmcv_ops, name):
    logits = torch.zeros(0, 3, requires_grad=True)
    loss = getattr(mmcv_ops, name)(logits, torch.zeros(0, dtype=torch.long), 2.0, 0.25, None, 'sum')
    assert loss == 0
    loss.backward()
    assert logits.grad.shape == (0, 3)
