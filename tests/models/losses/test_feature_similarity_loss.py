"""The similarity of pyramids against a slow reading of the paper, position by position."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from mmdet.registry import MODELS

SHAPES = [(2, 5, 4, 3), (2, 5, 2, 2)]


def build(**arguments):
    return MODELS.build(dict(type='FeatureSimilarityLoss', **arguments))


def pyramids(seed: int = 0) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    generator = torch.Generator().manual_seed(seed)
    return tuple([torch.randn(shape, generator=generator) for shape in SHAPES] for _ in range(2))


def slow_cosine(own, other, weights=None, eps: float = 1e-8) -> float:
    levels = []
    for level, (a, b) in enumerate(zip(own, other)):
        total = mass = 0.0
        for n in range(a.shape[0]):
            for y in range(a.shape[2]):
                for x in range(a.shape[3]):
                    u, v = a[n, :, y, x].tolist(), b[n, :, y, x].tolist()
                    norms = math.sqrt(sum(i * i for i in u)) * math.sqrt(sum(i * i for i in v))
                    weight = 1.0 if weights is None else float(weights[level][n, 0, y, x])
                    total += weight * sum(i * j for i, j in zip(u, v)) / max(norms, eps)
                    mass += weight
        levels.append(total / mass)
    return -sum(levels) / len(levels)


def test_cosine_is_that_of_the_paper():
    own, other = pyramids()
    assert float(build()(own, other)) == pytest.approx(slow_cosine(own, other), abs=1e-6)
    weights = [torch.rand(shape[0], 1, *shape[2:]) for shape in SHAPES]
    assert float(build()(own, other, weights)) == pytest.approx(slow_cosine(own, other, weights), abs=1e-6)


def test_products_of_norms_below_eps_are_lifted_to_it():
    own, other = ([torch.full((1, 2, 1, 1), value)] for value in (1e-3, 1e-2))
    wanted = -2e-5 / 1e-4
    assert float(build(eps=1e-4)(own, other)) == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize('measure', ['cosine', 'pearson'])
def test_like_features_give_minus_one_and_zeros_stay_finite(measure):
    own, _ = pyramids()
    assert float(build(measure=measure, loss_weight=2.0)(own, own)) == pytest.approx(-2, abs=1e-5)
    zeros = [torch.zeros_like(level, requires_grad=True) for level in own]
    loss = build(measure=measure)(zeros, own)
    loss.backward()
    assert float(loss.detach()) == 0 and all(torch.isfinite(level.grad).all() for level in zeros)


def test_pearson_is_that_of_numpy_a_channel_and_sees_no_scale():
    own, other = pyramids()
    wanted = np.mean([
        np.mean([
            np.corrcoef(a[:, c].flatten().numpy(), b[:, c].flatten().numpy())[0, 1] for c in range(a.shape[1])
        ])
        for a, b in zip(own, other)
    ])  # fmt: skip
    loss = build(measure='pearson')
    assert float(loss(own, other)) == pytest.approx(-wanted, abs=1e-5)
    assert float(loss([3 * level + 1 for level in own], other)) == pytest.approx(-wanted, abs=1e-5)


def test_only_the_mimic_learns():
    own, other = pyramids()
    for level in (*own, *other):
        level.requires_grad_(True)
    build()(own, other).backward()
    assert all(level.grad is not None and level.grad.abs().sum() > 0 for level in own)
    assert all(level.grad is None for level in other)


def test_unknown_measure_is_named():
    with pytest.raises(ValueError, match="measure is one of cosine, pearson, got 'l2'"):
        build(measure='l2')
