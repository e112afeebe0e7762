"""Maps that are to lie in each other."""

from __future__ import annotations

import math

import pytest
import torch

from mammo_plugins.models.losses import attention_bound_loss, attention_union_loss


def steep(value: float) -> float:
    return 1 / (1 + math.exp(-100 * (value - 0.75)))


def test_losses_are_those_of_loops():
    inner, outer = torch.rand(2, 3, 4, 5, dtype=torch.float64)
    for index in range(3):
        pairs = list(zip(inner[index].flatten().tolist(), outer[index].flatten().tolist()))
        outside = sum(a * (1 - steep(p)) for a, p in pairs) / sum(a for a, _ in pairs)
        shared = sum(steep(a) * steep(p) for a, p in pairs) / sum(steep(a) + steep(p) for a, p in pairs)
        assert attention_bound_loss(inner, outer)[index].item() == pytest.approx(outside)
        assert attention_union_loss(inner, outer)[index].item() == pytest.approx(1 - 2 * shared)


def test_map_inside_of_the_other_costs_no_bound_and_an_equal_one_no_union():
    outer = torch.zeros(1, 4, 4)
    outer[:, :3] = 1.0
    inner = torch.zeros(1, 4, 4)
    inner[:, 0] = 1.0
    assert attention_bound_loss(inner, outer).item() < 1e-6 < 0.5 < attention_bound_loss(outer, inner).item()
    assert attention_union_loss(outer, outer).item() < 1e-6 < 0.4 < attention_union_loss(inner, outer).item()


def test_empty_maps_have_finite_gradients():
    maps = torch.zeros(2, 1, 3, 3, requires_grad=True)
    (attention_bound_loss(*maps) + attention_union_loss(*maps)).sum().backward()
    assert maps.grad.isfinite().all()
