"""The global, local and fusion modules and the aggregations, each by known values and its errors."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from tests.models.released_weights import RESNET, global_config, one_map_config
from tests.models.small_models import build

POOLINGS = ['ConcatenatedPatches', 'AttendedPatches']


@pytest.fixture
def images():
    return torch.randn(2, 1, 128, 192)


@pytest.mark.parametrize('num_classes', [1, 2, 5])
def test_global_module_gives_maps_of_three_scales(images, num_classes):
    found = build(global_config(num_classes=num_classes))(images)
    assert [tuple(level.shape) for level in found.maps] == [(2, num_classes, 8, 12)] * 3
    assert found.saliency.shape == (2, num_classes, 8, 12) and found.representation.shape == (2, 256)
    assert found.prediction.shape == (2, num_classes)
    for level in (*found.maps, found.saliency, found.prediction):
        assert ((level > 0) & (level < 1)).all()


def test_coarse_maps_are_repeated_by_the_nearest_cell(images):
    module = build(global_config()).eval()
    features = module.backbone(images)
    found = module(images)
    for scale, (level, head, map_) in enumerate(zip(features, module.heads, found.maps)):
        own = head(level).sigmoid()
        assert torch.allclose(map_, own.repeat_interleave(2**scale, -2).repeat_interleave(2**scale, -1))
    weighted = 0.2 * found.maps[0] + 0.6 * found.maps[1] + 0.2 * found.maps[2]
    torch.testing.assert_close(found.saliency, weighted)
    torch.testing.assert_close(found.prediction, sum(found.predictions) / 3)


def test_native_maps_are_pooled_at_their_own_size(images):
    torch.manual_seed(0)
    finest = build(global_config()).eval()
    torch.manual_seed(0)
    native = build(global_config(pool_at='native')).eval()
    found, expected = native(images), finest(images)
    assert [tuple(level.shape[-2:]) for level in found.maps] == [(8, 12), (4, 6), (2, 3)]
    torch.testing.assert_close(found.saliency, expected.saliency)
    # round(0.03 * 96) = 3 of 96 repeated cells are one cell of 6; so is the one of 6 that is taken at least
    torch.testing.assert_close(found.predictions[2], expected.predictions[2])
    assert not torch.allclose(found.predictions[0], found.predictions[1])


def test_representation_is_the_maximum_over_positions(images):
    module = build(global_config()).eval()
    torch.testing.assert_close(module(images).representation, module.backbone(images)[2].flatten(2).max(dim=2).values)


def test_bias_moves_the_logits_of_all_cells(images):
    torch.manual_seed(0)
    plain = build(global_config()).eval()
    module = build(global_config(head_bias=True)).eval()
    module.load_state_dict(plain.state_dict(), strict=False)
    for head in module.heads:
        nn.init.constant_(head.bias, 2.0)
    for found, expected in zip(module(images).maps, plain(images).maps):
        torch.testing.assert_close(found.logit(), expected.logit() + 2)
    local = dict(type='LocalModule', backbone=dict(RESNET, depth=18))
    assert build(local).head.bias is None and build(dict(local, head_bias=True)).head.bias.shape == (2,)


def test_maps_can_begin_at_the_frequency_of_a_label(images):
    even = dict(type='Normal', name='heads', std=0.0, bias=-0.6)
    config = global_config(head_bias=True, init_cfg=dict(type='Xavier', layer='Conv2d', override=even))
    module = build(config)
    module.init_weights()
    for level in module(images).maps:
        torch.testing.assert_close(level, torch.full_like(level, 1 / (1 + math.exp(0.6))))


def test_cam_is_the_linear_classifier_of_pooled_features():
    """Pooling the logits of all cells is the classifier of the pooled features (Zhou et al. 2016, equation 2)."""
    module = build(one_map_config(pool_fraction=1.0)).eval()
    images = torch.randn(1, 1, 128, 192)
    (features,) = module.backbone(images)
    logits = module.heads[0](features).mean(dim=(-2, -1))
    weights = module.heads[0].weight.flatten(1)
    torch.testing.assert_close(F.linear(features.mean(dim=(-2, -1)), weights), logits)
    torch.testing.assert_close(module(images).prediction, module.heads[0](features).sigmoid().mean(dim=(-2, -1)))


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        (dict(map_weights=[0.5, 0.6, 0.2]), 'add up to 1'),
        (dict(map_weights=[0.5, 0.5]), '3 numbers'),
        (dict(map_weights=[1.5, -0.5, 0.0]), 'at least 0'),
        (dict(pool_fraction=0.0), 'pool_fraction is above 0'),
        (dict(pool_fraction=3), 'got 3'),
        (dict(pool_at='coarsest'), "got 'coarsest'"),
    ],
)
def test_global_module_refuses(changes, message):
    with pytest.raises(ValueError, match=message):
        build(global_config(**changes))


@pytest.mark.parametrize(
    ('depth', 'strides', 'cells'),
    [(34, (1, 1, 1, 1), 16), (18, (1, 1, 1, 1), 16), (34, (1, 2, 2, 2), 2)],
    ids=['ResNet-34-HR', 'ResNet-18-HR', 'ResNet-34'],
)
def test_local_module_of_each_architecture(depth, strides, cells):
    module = build(dict(type='LocalModule', backbone=dict(RESNET, depth=depth, strides=strides))).eval()
    found = module(torch.randn(3, 1, 64, 64))
    assert found.maps.shape == (3, 2, cells, cells) and found.representations.shape == (3, 512)
    assert ((found.maps > 0) & (found.maps < 1)).all()


def test_patch_of_the_paper_has_a_map_of_128_and_the_released_number_of_weights():
    with torch.device('meta'):
        module = build(dict(type='LocalModule', backbone=RESNET))
        assert module(torch.empty(1, 1, 512, 512)).maps.shape == (1, 2, 128, 128)
    assert sum(parameter.numel() for parameter in module.parameters()) == 21_285_696


def test_representation_of_a_patch_is_mean_or_maximum():
    module = build(dict(type='LocalModule', backbone=dict(RESNET, depth=18), num_classes=None)).eval()
    patches = torch.randn(2, 1, 32, 32)
    maps, mean = module(patches)
    module.representation = 'max'
    features = module.backbone(patches.expand(-1, 3, -1, -1))[-1]
    assert maps is None
    torch.testing.assert_close(mean, features.mean(dim=(-2, -1)))
    torch.testing.assert_close(module(patches).representations, features.amax(dim=(-2, -1)))
    with pytest.raises(ValueError, match="got 'min'"):
        build(dict(type='LocalModule', backbone=RESNET, representation='min'))


def test_concatenated_patches_pool_all_cells_together():
    maps = torch.zeros(1, 2, 1, 2, 5)
    maps[0, 0, 0, 0, :3] = torch.tensor([0.9, 0.8, 0.7])
    maps[0, 1, 0, 1, 4] = 0.6
    found = build(dict(type='ConcatenatedPatches', pool_fraction=0.2))(maps, torch.zeros(1, 2, 4))
    assert float(found.prediction) == pytest.approx((0.9 + 0.8 + 0.7 + 0.6) / 4)  # 20 % of 20 cells
    assert found.representation is None


def test_attended_patches_weight_predictions_and_representations():
    module = build(dict(type='AttendedPatches', embed_dims=8, hidden_dims=4))
    maps, z = torch.rand(2, 3, 2, 5, 5), torch.randn(2, 3, 8)
    found = module(maps, z)
    torch.testing.assert_close(found.weights.sum(dim=1), torch.ones(2))
    pooled = maps.flatten(-2).sort(dim=-1, descending=True).values[..., :5].mean(dim=-1)
    torch.testing.assert_close(found.prediction, torch.einsum('bk,bkc->bc', found.weights, pooled))
    torch.testing.assert_close(found.representation, torch.einsum('bk,bkd->bd', found.weights, z))
    order = [2, 0, 1]
    shuffled = module(maps[:, order], z[:, order])
    torch.testing.assert_close(shuffled.weights, found.weights[:, order])
    torch.testing.assert_close(shuffled.prediction, found.prediction)


def test_equal_patches_have_equal_weights():
    found = build(dict(type='AttendedRepresentation', embed_dims=8, hidden_dims=4))(
        None, torch.randn(2, 1, 8).expand(-1, 5, -1)
    )
    torch.testing.assert_close(found.weights, torch.full((2, 5), 0.2))


def test_attention_has_no_bias_and_fusion_has_one_where_asked_for():
    for name in ('AttendedPatches', 'AttendedRepresentation'):
        assert all(p.dim() == 2 for p in build(dict(type=name)).parameters())
    assert build(dict(type='FusionModule')).linear.bias is None
    assert isinstance(build(dict(type='FusionModule', bias=True)).linear.bias, nn.Parameter)


def test_fusion_is_one_layer_on_both_representations():
    module = build(dict(type='FusionModule', in_channels=5, num_classes=3))
    z_g, z_l = torch.randn(2, 3), torch.randn(2, 2)
    expected = (torch.cat([z_g, z_l], dim=1) @ module.linear.weight.T).sigmoid()
    torch.testing.assert_close(module(z_g, z_l), expected)


@pytest.mark.parametrize('name', POOLINGS)
def test_pooling_fraction_is_checked(name):
    with pytest.raises(ValueError, match='pool_fraction is above 0 and at most 1'):
        build(dict(type=name, pool_fraction=20))
