from __future__ import annotations

import pytest
import torch

from tests.references.deformable import deformable_convolution

# stride, padding, dilation, groups, deform_groups
GEOMETRIES = [(1, 1, 1, 1, 1), (2, 1, 1, 2, 1), (1, 2, 2, 1, 2), (1, 0, 1, 2, 2)]


class DeformableInputs:
    """Features (2, 4, 5, 6), a 3 x 2 kernel with 4 outputs, and offsets that leave the map in places."""

    def __init__(self, geometry: tuple[int, ...], generator: torch.Generator) -> None:
        def random(*shape: int) -> torch.Tensor:
            return torch.randn(*shape, generator=generator, dtype=torch.float64)

        stride, padding, dilation, groups, deform_groups = geometry
        height = (5 + 2 * padding - 2 * dilation - 1) // stride + 1
        width = (6 + 2 * padding - dilation - 1) // stride + 1
        self.features = random(2, 4, 5, 6)
        self.weight = random(4, 4 // groups, 3, 2)
        self.bias = random(4)
        self.offset = 2 * random(2, deform_groups * 12, height, width)
        self.mask = random(2, deform_groups * 6, height, width).sigmoid()


@pytest.fixture(params=GEOMETRIES, ids=str)
def geometry(request: pytest.FixtureRequest) -> tuple[int, ...]:
    return request.param


@pytest.fixture
def inputs(geometry: tuple[int, ...], generator: torch.Generator) -> DeformableInputs:
    return DeformableInputs(geometry, generator)


def test_deformable_convolution_matches_the_definition(mmcv_ops, device, inputs, geometry):
    tensors = (inputs.features, inputs.offset, inputs.weight)
    output = mmcv_ops.deform_conv2d(*(tensor.to(device) for tensor in tensors), *geometry)
    expected = deformable_convolution(*(tensor.numpy() for tensor in tensors), *geometry)
    torch.testing.assert_close(output.cpu(), torch.from_numpy(expected))


@pytest.mark.parametrize('with_bias', [True, False])
def test_modulated_convolution_matches_the_definition(mmcv_ops, device, inputs, geometry, with_bias):
    bias = inputs.bias if with_bias else None
    tensors = (inputs.features, inputs.offset, inputs.mask, inputs.weight)
    given_bias = bias.to(device) if with_bias else None
    output = mmcv_ops.modulated_deform_conv2d(*(tensor.to(device) for tensor in tensors), given_bias, *geometry)
    expected = deformable_convolution(
        inputs.features.numpy(),
        inputs.offset.numpy(),
        inputs.weight.numpy(),
        *geometry,
        mask=inputs.mask.numpy(),
        bias=bias.numpy() if with_bias else None,
    )
    torch.testing.assert_close(output.cpu(), torch.from_numpy(expected))


def test_deformable_gradients_are_those_of_the_forward(mmcv_ops, device, inputs, geometry):
    tensors = [t.to(device).requires_grad_() for t in (inputs.features, inputs.offset, inputs.weight)]
    assert torch.autograd.gradcheck(
        lambda *tensors: mmcv_ops.deform_conv2d(*tensors, *geometry), tensors, fast_mode=True
    )


@pytest.mark.parametrize('with_bias', [True, False])
def test_modulated_gradients_are_those_of_the_forward(mmcv_ops, device, inputs, geometry, with_bias):
    given = (inputs.features, inputs.offset, inputs.mask, inputs.weight) + ((inputs.bias,) if with_bias else ())
    tensors = [tensor.to(device).requires_grad_() for tensor in given]

    def convolve(*tensors: torch.Tensor) -> torch.Tensor:
        return mmcv_ops.modulated_deform_conv2d(*tensors[:4], tensors[4] if with_bias else None, *geometry)

    assert torch.autograd.gradcheck(convolve, tensors, fast_mode=True)


def test_zero_offset_is_an_ordinary_convolution(mmcv_ops, generator):
    inputs = DeformableInputs((1, 1, 1, 1, 1), generator)
    output = mmcv_ops.deform_conv2d(inputs.features, torch.zeros_like(inputs.offset), inputs.weight, 1, 1)
    torch.testing.assert_close(output, torch.nn.functional.conv2d(inputs.features, inputs.weight, padding=1))


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_half_precision_rounds_the_float32_result_once(mmcv_ops, device, generator, dtype):
    layer = mmcv_ops.DeformConv2d(4, 4, 3, padding=1).to(device, dtype)
    features = torch.randn(1, 4, 5, 6, generator=generator).to(device, dtype)
    offset = torch.randn(1, 18, 5, 6, generator=generator).to(device, dtype)
    output = layer(features, offset)
    exact = mmcv_ops.deform_conv2d(features.float(), offset.float(), layer.weight.float(), 1, 1)
    torch.testing.assert_close(output, exact.to(dtype))
    output.float().sum().backward()
    assert layer.weight.grad.dtype == dtype
