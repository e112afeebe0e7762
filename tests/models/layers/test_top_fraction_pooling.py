import math

import pytest
import torch

from mammo_plugins.models.layers.top_fraction_pooling import pool_top_fraction


@pytest.mark.parametrize(('fraction', 'count'), [(0.03, 3), (0.2, 20), (0.001, 1), (0.255, 26), (1.0, 100)])
def test_pooling_is_the_mean_of_the_largest_values(fraction, count):
    saliency = torch.rand(2, 3, 20, 5)
    found = pool_top_fraction(saliency, fraction)
    for image in range(2):
        for channel in range(3):
            ranked = sorted(saliency[image, channel].flatten().tolist(), reverse=True)
            assert float(found[image, channel]) == pytest.approx(math.fsum(ranked[:count]) / count)


@pytest.mark.parametrize(('cells', 'count'), [(184 * 120, 662), (92 * 60, 166), (46 * 30, 41)])
def test_number_of_cells_is_that_of_the_paper_s_maps(cells, count):
    saliency = torch.arange(cells, dtype=torch.float64).reshape(1, 1, cells, 1)
    assert float(pool_top_fraction(saliency, 0.03)) == cells - (count + 1) / 2


def test_gradients_reach_the_pooled_values_alone():
    saliency = torch.tensor([[[[0.1, 0.9], [0.4, 0.8]]]], requires_grad=True)
    pool_top_fraction(saliency, 0.5).sum().backward()
    assert saliency.grad.tolist() == [[[[0, 0.5], [0, 0.5]]]]
