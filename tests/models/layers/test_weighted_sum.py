import pytest
import torch

from mammo_plugins.models.layers.weighted_sum import FastNormalizedFusion, PlainSum


def test_equal_weights_give_nearly_the_mean():
    ones, threes = torch.ones(1, 2, 3, 3), torch.full((1, 2, 3, 3), 3.0)
    fused = FastNormalizedFusion(2)([ones, threes])
    torch.testing.assert_close(fused, torch.full_like(ones, 4 / 2.0001))


def test_negative_weight_counts_as_none():
    fusion = FastNormalizedFusion(3)
    with torch.no_grad():
        fusion.weights.copy_(torch.tensor([-2.0, 1.0, 3.0]))
    maps = [torch.full((1, 1, 2, 2), value) for value in (100.0, 1.0, 2.0)]
    torch.testing.assert_close(fusion(maps), torch.full((1, 1, 2, 2), (1 + 6) / 4.0001))


def test_weights_of_zero_stay_finite():
    fusion = FastNormalizedFusion(2)
    torch.nn.init.zeros_(fusion.weights)
    assert fusion([torch.ones(1, 1, 2, 2)] * 2).abs().sum() == 0


def test_every_weight_gets_a_gradient():
    fusion = FastNormalizedFusion(3)
    fusion([torch.full((1, 1, 2, 2), value) for value in (1.0, 2.0, 4.0)]).sum().backward()
    assert (fusion.weights.grad != 0).all()


def test_plain_sum_adds():
    assert PlainSum(3)([torch.ones(1), torch.ones(1), torch.full((1,), 2.0)]).item() == 4


@pytest.mark.parametrize('kind', [FastNormalizedFusion, PlainSum])
def test_maps_are_not_changed(kind):
    maps = [torch.ones(1, 1, 2, 2), torch.ones(1, 1, 2, 2)]
    kind(2)(maps)
    assert all((features == 1).all() for features in maps)
