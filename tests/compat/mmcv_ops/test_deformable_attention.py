from __future__ import annotations

import pytest
import torch

from tests.references.deformable import deformable_attention

SHAPES = [(4, 5), (2, 3)]


@pytest.fixture
def attend(mmcv_ops):
    from mmcv.ops.multi_scale_deform_attn import MultiScaleDeformableAttnFunction

    def apply(value: torch.Tensor, locations: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        shapes = torch.tensor(SHAPES, device=value.device)
        starts = torch.tensor([0, 20], device=value.device)
        return MultiScaleDeformableAttnFunction.apply(value, shapes, starts, locations, weights, 64)

    return apply


def _random_inputs(generator: torch.Generator, queries: int = 3) -> list[torch.Tensor]:
    """Value (2, 26, 2, 3), locations (2, queries, 2, 2, 4, 2) from -0.2 to 1.2, weights (2, queries, 2, 2, 4)."""
    value = torch.randn(2, 26, 2, 3, generator=generator, dtype=torch.float64)
    locations = torch.rand(2, queries, 2, 2, 4, 2, generator=generator, dtype=torch.float64) * 1.4 - 0.2
    weights = torch.rand(2, queries, 2, 2, 4, generator=generator, dtype=torch.float64)
    return [value, locations, weights]


def test_attention_matches_the_definition(attend, device, generator):
    value, locations, weights = _random_inputs(generator)
    output = attend(value.to(device), locations.to(device), weights.to(device))
    expected = deformable_attention(value.numpy(), SHAPES, locations.numpy(), weights.numpy())
    torch.testing.assert_close(output.cpu(), torch.from_numpy(expected))


def test_gradients_are_those_of_the_forward(attend, device, generator):
    tensors = [tensor.to(device).requires_grad_() for tensor in _random_inputs(generator)]
    assert torch.autograd.gradcheck(attend, tensors, fast_mode=True)


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_half_precision_rounds_the_float32_result_once(attend, device, generator, dtype):
    tensors = [tensor.to(device, dtype) for tensor in _random_inputs(generator)]
    exact = attend(*(tensor.float() for tensor in tensors))
    torch.testing.assert_close(attend(*tensors), exact.to(dtype))


def test_no_queries_give_an_empty_result(attend, generator):
    assert attend(*_random_inputs(generator, queries=0)).shape == (2, 0, 6)
