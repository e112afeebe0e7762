from __future__ import annotations

import pytest
import torch

from mammo_plugins.compat.mmcv_ops.roi_align import average_gradient_by_matrices
from mammo_plugins.compat.mmcv_ops.roi_sampling import roi_windows
from tests.references.roi_pooling import roi_align as reference_roi_align

# Image, x1, y1, x2, y2 in image pixels: ordinary, fractional, beyond each border, thin, and without extent.
ROIS = torch.tensor(
    [
        [0, 2.0, 3.0, 21.0, 17.0],
        [1, 4.3, 5.1, 9.9, 26.7],
        [1, -9.0, -7.0, 12.0, 50.0],
        [0, 20.0, 1.0, 60.0, 8.0],
        [1, 8.2, 8.4, 8.9, 20.0],
        [0, 11.0, 9.0, 11.0, 9.0],
    ],
    dtype=torch.float64,
)


@pytest.fixture
def features(generator: torch.Generator) -> torch.Tensor:
    return torch.randn(2, 3, 7, 9, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize('pool_mode', ['avg', 'max'])
@pytest.mark.parametrize('aligned', [True, False])
@pytest.mark.parametrize('sampling_ratio', [0, 1, 2])
def test_forward_matches_the_definition(mmcv_ops, device, features, pool_mode, aligned, sampling_ratio):
    settings = ((2, 3), 0.25, sampling_ratio, pool_mode, aligned)
    pooled = mmcv_ops.roi_align(features.to(device), ROIS.to(device), *settings)
    expected = reference_roi_align(features.numpy(), ROIS.numpy(), *settings)
    torch.testing.assert_close(pooled.cpu(), torch.from_numpy(expected))


@pytest.mark.parametrize('pool_mode', ['avg', 'max'])
@pytest.mark.parametrize('aligned', [True, False])
@pytest.mark.parametrize('sampling_ratio', [0, 2])
def test_gradient_is_that_of_the_forward(mmcv_ops, device, features, pool_mode, aligned, sampling_ratio):
    inputs = features[:, :1].to(device).requires_grad_()
    pool = mmcv_ops.RoIAlign((2, 3), 0.25, sampling_ratio, pool_mode, aligned)
    assert torch.autograd.gradcheck(lambda values: pool(values, ROIS.to(device)), inputs)


@pytest.mark.parametrize('sampling_ratio', [0, 2])
def test_deterministic_gradient_equals_the_fast_one(mmcv_ops, features, sampling_ratio):
    inputs = features.clone().requires_grad_()
    pooled = mmcv_ops.roi_align(inputs, ROIS, (2, 3), 0.25, sampling_ratio, 'avg', True)
    gradient = torch.randn(pooled.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    (fast,) = torch.autograd.grad(pooled, inputs, gradient)
    slow = average_gradient_by_matrices(gradient, roi_windows(ROIS, 0.25, True), features.shape, sampling_ratio)
    torch.testing.assert_close(slow, fast)


@pytest.mark.parametrize('pool_mode', ['avg', 'max'])
@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_half_precision_features_round_the_float32_result_once(mmcv_ops, device, features, pool_mode, dtype):
    half = features.to(device, dtype).requires_grad_()
    with torch.autocast(device, dtype=torch.bfloat16):
        pooled = mmcv_ops.roi_align(half, ROIS.float().to(device), (2, 2), 0.25, 2, pool_mode, True)
        pooled.float().sum().backward()
    exact = mmcv_ops.roi_align(half.detach().float(), ROIS.float().to(device), (2, 2), 0.25, 2, pool_mode, True)
    assert pooled.dtype == half.grad.dtype == dtype
    torch.testing.assert_close(pooled, exact.to(dtype))


@pytest.mark.parametrize('pool_mode', ['avg', 'max'])
def test_no_rois_give_an_empty_result_with_a_live_zero_gradient(mmcv_ops, device, features, pool_mode):
    inputs = features.to(device).requires_grad_()
    pooled = mmcv_ops.roi_align(inputs, inputs.new_zeros(0, 5), (2, 3), 0.25, 2, pool_mode, True)
    assert pooled.shape == (0, 3, 2, 3)
    pooled.sum().backward()
    assert inputs.grad.abs().sum() == 0
