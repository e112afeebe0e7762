"""Class activation maps and masks from them."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from mammo_plugins.models.layers.cam_refinement import IN_MASK, class_activation, gate_by_label, refine_cam
from tests.references import disasymnet as reference


def test_activation_is_the_papers_and_trains_features_only():
    features = torch.randn(2, 5, 3, 4, dtype=torch.float64, requires_grad=True)
    weight = nn.Parameter(torch.randn(1, 5, dtype=torch.float64))
    found = class_activation(features, weight)
    expected = [reference.class_activation(image.tolist(), weight[0].tolist()) for image in features.detach()]
    torch.testing.assert_close(found.detach(), torch.tensor(expected, dtype=torch.float64))
    found.sum().backward()
    assert weight.grad is None and features.grad.abs().max() > 0


def test_mean_of_the_map_before_its_relu_is_the_logit():
    features, layer = torch.rand(2, 5, 3, 4), nn.Linear(5, 1)
    nn.init.uniform_(layer.weight, 0.1, 1)  # so that the relu does nothing
    logits = layer(features.mean(dim=(-2, -1)))[:, 0]
    torch.testing.assert_close(class_activation(features, layer.weight).mean(dim=(-2, -1)) + layer.bias, logits)


def test_refinement_is_the_papers():
    cam = torch.rand(2, 3, 4, dtype=torch.float64)
    expected = [reference.refined_cam(one.tolist(), 10, 14) for one in cam]
    torch.testing.assert_close(refine_cam(cam, (10, 14)), torch.tensor(expected, dtype=torch.float64))


def test_range_is_taken_after_upsampling():
    """A peak between the corners is lower after upsampling, and still ends at 1."""
    cam = torch.zeros(1, 3, 3)
    cam[0, 1, 1] = 1.0
    assert refine_cam(cam, (4, 4)).max() == pytest.approx(1.0)


@pytest.mark.parametrize('value', [0.0, 0.7, 1e3])
def test_constant_map_gives_an_empty_mask(value):
    refined = refine_cam(torch.full((1, 4, 4), value), (16, 16))
    assert refined.max() < 1e-17
    assert not (refined >= IN_MASK).any()


def test_mask_starts_at_the_known_share_of_the_range():
    ramp = torch.linspace(0, 1, 10001, dtype=torch.float64).view(1, 1, -1).expand(1, 2, -1)
    inside = refine_cam(ramp, (2, 10001))[0, 0] >= IN_MASK
    assert ramp[0, 0][inside].min().item() == pytest.approx(0.4691, abs=2e-4)


def test_noise_masks_nothing_of_a_side_that_is_normal_or_unknown():
    refined = refine_cam(1e-6 * torch.rand(3, 8, 8), (64, 64))
    assert (refined >= IN_MASK).float().mean() > 0.3, 'noise alone gives a mask'
    masks = gate_by_label(refined, torch.tensor([0.0, float('nan'), 1.0]))
    assert masks[:2].abs().max() == 0
    torch.testing.assert_close(masks[2], refined[2])


def test_half_precision_is_refined_in_float32():
    assert refine_cam(torch.rand(1, 4, 4).bfloat16(), (8, 8)).dtype == torch.float32
