from __future__ import annotations

import pytest
import torch

from tests.references.roi_pooling import roi_pool as reference_roi_pool

# Image, x1, y1, x2, y2: ordinary, fractional, beyond the borders, wholly outside, inverted.
ROIS = torch.tensor(
    [
        [0, 2.0, 3.0, 21.0, 17.0],
        [1, 4.3, 5.1, 9.9, 26.7],
        [1, -9.0, -7.0, 12.0, 50.0],
        [0, 80.0, 1.0, 90.0, 8.0],
        [0, 20.0, 9.0, 4.0, 2.0],
    ],
    dtype=torch.float64,
)


@pytest.fixture
def features(generator: torch.Generator) -> torch.Tensor:
    return torch.randn(2, 3, 7, 9, generator=generator, dtype=torch.float64)


def test_forward_matches_the_definition(mmcv_ops, device, features):
    pooled = mmcv_ops.roi_pool(features.to(device), ROIS.to(device), (2, 3), 0.25)
    expected = reference_roi_pool(features.numpy(), ROIS[:4].numpy(), (2, 3), 0.25)
    torch.testing.assert_close(pooled[:4].cpu(), torch.from_numpy(expected))


def test_roi_whose_corners_are_swapped_pools_zero(mmcv_ops, features):
    assert mmcv_ops.roi_pool(features, ROIS[4:], (2, 3), 0.25).abs().max() == 0


def test_gradient_is_that_of_the_forward(mmcv_ops, device, features):
    inputs = features.to(device).requires_grad_()
    pool = mmcv_ops.RoIPool((2, 3), 0.25)
    assert torch.autograd.gradcheck(lambda values: pool(values, ROIS.to(device)), inputs)


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_half_precision_pools_the_same_pixels(mmcv_ops, features, dtype):
    half = features.to(dtype)
    pooled = mmcv_ops.roi_pool(half, ROIS.to(dtype), (2, 2), 0.25)
    torch.testing.assert_close(pooled.float(), mmcv_ops.roi_pool(half.float(), ROIS.to(dtype).float(), (2, 2), 0.25))


def test_no_rois_give_an_empty_result_with_a_live_zero_gradient(mmcv_ops, features):
    inputs = features.requires_grad_()
    pooled = mmcv_ops.roi_pool(inputs, inputs.new_zeros(0, 5), (2, 3), 0.25)
    assert pooled.shape == (0, 3, 2, 3)
    pooled.sum().backward()
    assert inputs.grad.abs().sum() == 0
