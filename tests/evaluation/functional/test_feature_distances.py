"""Distances of sets of features, against slow loops, MONAI and known cases."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mammo_plugins.evaluation.functional.feature_distances import frechet_distance, polynomial_mmd

RNG = np.random.default_rng(0)
ONE, OTHER = RNG.normal(size=(40, 6)), RNG.normal(0.5, 1.7, size=(30, 6)) @ RNG.normal(size=(6, 6))


def test_frechet_distance_is_monais():
    from monai.metrics.fid import FIDMetric

    theirs = FIDMetric()(torch.from_numpy(ONE), torch.from_numpy(OTHER)).item()
    assert frechet_distance(ONE, OTHER) == pytest.approx(theirs, rel=1e-6)


def test_frechet_distance_of_known_distributions():
    assert frechet_distance(ONE, ONE) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(ONE, ONE + 2.0) == pytest.approx(4.0 * 6)
    one = RNG.normal(size=(50, 1))
    assert frechet_distance(one, 3 * one) == pytest.approx((2 * one.mean()) ** 2 + (2 * one.std(ddof=1)) ** 2)


def test_fewer_images_than_features_are_no_obstacle():
    few = RNG.normal(size=(4, 20))
    assert frechet_distance(few, few) == pytest.approx(0, abs=1e-6) and frechet_distance(few, few + 1) > 10


def test_mmd_is_that_of_a_loop():
    def kernel(a, b):
        return (float(a @ b) / len(a) + 1) ** 3

    n, m = len(ONE), len(OTHER)
    expected = sum(kernel(ONE[i], ONE[j]) for i in range(n) for j in range(n) if i != j) / (n * (n - 1))
    expected += sum(kernel(OTHER[i], OTHER[j]) for i in range(m) for j in range(m) if i != j) / (m * (m - 1))
    expected -= 2 * sum(kernel(a, b) for a in ONE for b in OTHER) / (n * m)
    assert polynomial_mmd(ONE, OTHER) == pytest.approx(expected) and expected > 0.1


def test_sets_that_cannot_be_compared_are_refused():
    for one, other in ((ONE[:1], OTHER), (ONE, OTHER[:, :3])):
        for distance in (frechet_distance, polynomial_mmd):
            with pytest.raises(ValueError, match='two images or more with the same features'):
                distance(one, other)
