"""Pooling between the mean and the maximum."""

from __future__ import annotations

import math

import pytest
import torch

from mammo_plugins.models.layers import LogSumExpPooling


def test_pooling_is_the_log_of_the_mean_of_exponents():
    values = [[0.0, 1.0], [-2.0, 0.5]]
    expected = math.log(sum(math.exp(6 * value) for row in values for value in row) / 4) / 6
    assert LogSumExpPooling()(torch.tensor([[values]])).item() == pytest.approx(expected)


def test_pooling_goes_from_the_mean_to_the_maximum():
    features = torch.randn(2, 3, 4, 5, dtype=torch.float64)
    torch.testing.assert_close(LogSumExpPooling(1e-6)(features), features.mean(dim=(-2, -1)), atol=1e-5, rtol=0)
    torch.testing.assert_close(LogSumExpPooling(1e4)(features), features.amax(dim=(-2, -1)), atol=1e-3, rtol=0)
    assert LogSumExpPooling()(100 * features).isfinite().all()


def test_sharpness_is_positive():
    with pytest.raises(ValueError, match='sharpness must be positive, got 0'):
        LogSumExpPooling(0)
