"""The baselines of DisAsymNet: what brings the sides together, and what does not."""

from __future__ import annotations

import copy

import pytest
import torch
from mmdet.registry import MODELS
from torch import nn

from mammo_plugins.models.bilateral.cross_view_backbone import PixelCrossAttention
from mammo_plugins.models.bilateral.foreground_attention import ChannelAttention, PlaceAttention
from tests.models.bilateral.small_pairs import MODEL, make_data, optimisers, small_model
from tests.references import disasymnet as reference

BACKBONE = MODEL['asyc']['backbone']
JOINED = dict(type='SideConcatenation', in_channels=48, own_map=True)
BASELINES = dict(
    resnet18=dict(asyc__fusion=dict(type='SingleSides', in_channels=48)),
    ham=dict(
        asyc__type='HierarchicalAttentionClassifier',
        asyc__pooling=dict(type='LogSumExpPooling'),
        asyc__fusion=dict(type='ForegroundAttention', in_channels=48, out_channels=24),
    ),
    late_fusion=dict(asyc__fusion=JOINED),
    cvt=dict(
        asyc__fusion=JOINED,
        asyc__backbone=dict(type='CrossViewBackbone', backbone=BACKBONE, num_heads=2, head_channels=4),
    ),
    asymmetry_attention=dict(asyc__fusion=dict(type='AsymmetryAttention', in_channels=48)),
)
ALONE = ('resnet18', 'ham')
LABELS = [(1.0, 0.0), (0.0, 0.0), (float('nan'), 1.0)]


def baseline(name: str) -> nn.Module:
    return small_model(asyd=None, **copy.deepcopy(BASELINES[name]))


@pytest.mark.parametrize('name', BASELINES)
def test_step_reaches_every_parameter_and_labels_the_pair_only_where_sides_are_compared(name):
    model = baseline(name).train()
    for key, value in model.named_parameters():  # factors from 0 on hide what is behind them in the first step
        if key.endswith(('.gain', '.weight')) and not value.any():
            nn.init.ones_(value)
    before = {key: value.clone() for key, value in model.named_parameters()}
    logged = model.train_step(make_data(LABELS), optimisers(model))
    extra = {'loss_anomaly', 'loss_bound', 'loss_union'} if name == 'ham' else set()
    assert set(logged) == {'loss_diag', 'loss', *extra} and all(value.isfinite() for value in logged.values())
    unchanged = [key for key, value in model.named_parameters() if torch.equal(before[key], value)]
    assert all(key.endswith('key.bias') for key in unchanged), unchanged  # a shift of all keys cancels
    (case,) = model.eval().test_step(make_data([(1.0, 0.0)]))
    assert ('pred_labels' in case) == (name not in ALONE)
    for view in case.views:
        assert 0 < view.pred_labels['abnormal'] < 1 and view.pred_saliency['any'].shape == (32, 16)
        assert 'pred_pictures' not in view


@pytest.mark.parametrize('name', BASELINES)
def test_swapping_sides_swaps_scores_and_maps(name):
    asyc = baseline(name).eval().asyc
    pairs = torch.rand(2, 2, 3, 32, 16)
    one, other = asyc(pairs), asyc(pairs.flip(1))
    torch.testing.assert_close(one.side_logits, other.side_logits.flip(1))
    torch.testing.assert_close(
        asyc.refined_cams(one, (32, 16)), asyc.refined_cams(other, (32, 16)).flip(1), atol=1e-3, rtol=0
    )
    if name == 'asymmetry_attention':
        torch.testing.assert_close(one.pair_logits, other.pair_logits)


@pytest.mark.parametrize('name', BASELINES)
def test_other_side_matters_only_where_sides_are_brought_together(name):
    asyc = baseline(name).eval().asyc
    pairs = torch.rand(1, 2, 3, 32, 16)
    changed = pairs.clone()
    changed[:, 1] = 4 * torch.rand(1, 3, 32, 16)
    difference = (asyc(pairs).side_logits[:, 0] - asyc(changed).side_logits[:, 0]).abs().item()
    assert difference == 0 if name in ALONE else difference > 1e-5


def test_map_of_late_fusion_shows_its_own_side():
    asyc = baseline('late_fusion').eval().asyc
    pairs = torch.rand(1, 2, 3, 32, 16)
    changed = pairs.clone()
    changed[:, 1] = torch.rand(1, 3, 32, 16)
    maps = [asyc.refined_cams(asyc(one), (32, 16))[:, 0] for one in (pairs, changed)]
    assert torch.equal(*maps)


def test_cross_attention_is_the_papers():
    layer = PixelCrossAttention(6, num_heads=2, head_channels=4).double().eval()
    sides = torch.randn(1, 2, 6, 2, 3, dtype=torch.float64)
    tokens = sides[0].flatten(-2).mT.tolist()
    queries, keys, join = (one.weight.tolist() for one in (layer.query, layer.key, layer.join))
    expected = reference.cross_view_attention(*tokens, queries, keys, join, heads=2)
    found = layer(sides)[0].flatten(-2).mT
    torch.testing.assert_close(found, torch.tensor(expected, dtype=torch.float64))


def test_place_and_channel_attention_start_as_the_features_and_are_means_by_likeness():
    features = torch.randn(1, 8, 2, 3, dtype=torch.float64)
    layers = PlaceAttention(8, reduction=2).double(), ChannelAttention().double()
    for layer in layers:
        assert torch.equal(layer(features), features)
        nn.init.ones_(layer.gain)
    places, channels = (layer(features) - features for layer in layers)
    query, key, value = (
        torch.einsum('od,ndt->nto', one.weight[..., 0, 0], features.flatten(2)) + one.bias
        for one in (layers[0].query, layers[0].key, layers[0].value)
    )
    expected = torch.einsum('nts,nsd->ndt', torch.einsum('ntk,nsk->nts', query, key).softmax(-1), value)
    torch.testing.assert_close(places.flatten(2), expected)
    maps = features.flatten(2)
    likeness = (torch.einsum('nct,ndt->ncd', maps, maps) / 6**0.5).softmax(-1)
    torch.testing.assert_close(channels.flatten(2), torch.einsum('ncd,ndt->nct', likeness, maps))


def test_attention_lies_between_the_last_two_stages():
    """A stage before it does not see the other side, the last one does."""
    backbone = baseline('cvt').eval().asyc.backbone
    images = torch.rand(2, 3, 32, 16)
    changed = torch.cat([images[:1], torch.rand(1, 3, 32, 16)])
    differences = [(one[0] - other[0]).abs().max() for one, other in zip(backbone(images), backbone(changed))]
    assert [difference > 0 for difference in differences] == [False, True, True]


def test_backbone_without_stages_is_refused():
    with pytest.raises(ValueError, match='ResNet has no stages that follow one another'):
        MODELS.build(dict(type='CrossViewBackbone', backbone=dict(type='mmpretrain.ResNet', depth=18)))
