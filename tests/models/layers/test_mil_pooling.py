import math

import pytest
import torch

from mammo_plugins.models.layers import log_noisy_or, log_not_noisy_or


def product_formula(logits):
    """1 - prod(1 - p), as written in the paper, in double precision."""
    none_malignant = torch.ones((), dtype=torch.float64)
    for logit in logits.double():
        none_malignant = none_malignant * (1 - torch.sigmoid(logit))
    return 1 - none_malignant


def test_two_even_chances_make_three_quarters():
    assert float(log_noisy_or(torch.zeros(2)).exp()) == pytest.approx(0.75)
    assert float(log_not_noisy_or(torch.zeros(2)).exp()) == pytest.approx(0.25)


@pytest.mark.parametrize('scale', [0.1, 1.0, 3.0])
@pytest.mark.parametrize('num_proposals', [1, 2, 30])
def test_agrees_with_the_product_formula_and_its_gradient(scale, num_proposals):
    logits = (scale * torch.randn(num_proposals) - 2).requires_grad_()
    reference_logits = logits.detach().clone().requires_grad_()
    torch.log(product_formula(reference_logits)).backward()
    log_noisy_or(logits).backward()
    torch.testing.assert_close(log_noisy_or(logits).exp().double(), product_formula(logits), rtol=1e-6, atol=0)
    torch.testing.assert_close(logits.grad, reference_logits.grad, rtol=1e-5, atol=1e-7)


def test_the_two_probabilities_add_up_to_one():
    logits = torch.linspace(-30, 30, 61)[:, None]
    total = log_noisy_or(logits).exp() + log_not_noisy_or(logits).exp()
    torch.testing.assert_close(total, torch.ones(61))


def test_small_probabilities_keep_their_relative_precision():
    logits = torch.full((100,), -40.0)
    assert float(log_noisy_or(logits)) == pytest.approx(math.log(100) - 40, rel=1e-6)


@pytest.mark.parametrize('logit', [-1e4, -104.0, -88.0, -20.0, -math.log(99), 0.0, 20.0, 88.0, 104.0, 1e4])
@pytest.mark.parametrize('function', [log_noisy_or, log_not_noisy_or])
def test_value_and_gradient_are_finite_everywhere(function, logit):
    logits = torch.tensor([logit, logit - 1, -5e3], requires_grad=True)
    value = function(logits)
    value.backward()
    assert value.isfinite() and value <= 0
    assert logits.grad.isfinite().all()


def test_gradient_of_an_unlikely_positive_does_not_vanish():
    logits = torch.full((4,), -60.0, requires_grad=True)
    log_noisy_or(logits).backward()
    torch.testing.assert_close(logits.grad, torch.full((4,), 0.25))


def test_gradient_is_that_of_finite_differences():
    logits = torch.randn(2, 5, dtype=torch.float64).requires_grad_()
    assert torch.autograd.gradcheck(log_noisy_or, logits)
    assert torch.autograd.gradcheck(log_not_noisy_or, logits)


def test_pools_along_the_given_axis():
    logits = torch.randn(3, 4)
    torch.testing.assert_close(log_noisy_or(logits, dim=0), log_noisy_or(logits.T))


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_half_precision_is_pooled_in_float32(dtype):
    logits = torch.full((100,), -9.0, dtype=dtype)
    assert log_noisy_or(logits).dtype == torch.float32
    assert float(log_noisy_or(logits).exp()) == pytest.approx(float(product_formula(logits)), rel=1e-5)
