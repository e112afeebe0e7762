from __future__ import annotations

import pytest
import torch

from tests.models.small_models import build

MEAN, MAX, BY_CHANNEL = dict(type='MeanFusion'), dict(type='MaxFusion'), dict(type='MaxFusion', by_channel=True)
SLICES = torch.tensor([[[1.0, 8.0], [5.0, 2.0], [3.0, 5.0]]])
LOGITS = torch.tensor([[0.0, -1.0, 2.0]])


def fuse(config, slice_feats=SLICES, logits=LOGITS):
    """Fuses given slice features (P, S, D) with given malignancy logits (P, S)."""
    return build(config)(None, None, lambda proposals, rois: slice_feats, lambda feats: logits)


@pytest.mark.parametrize(
    ('config', 'expected'),
    [(MEAN, [[3.0, 5.0]]), (MAX, [[3.0, 5.0]]), (BY_CHANNEL, [[5.0, 8.0]])],
)
def test_features_by_hand(config, expected):
    fused = fuse(config)
    torch.testing.assert_close(fused.features, torch.tensor(expected))
    torch.testing.assert_close(fused.log_weights, LOGITS.log_softmax(-1))


def test_most_malignant_slice_is_taken_whatever_the_others_hold():
    logits = torch.tensor([[3.0, -1.0, 2.0]])
    assert torch.equal(fuse(MAX, logits=logits).features, SLICES[:, 0])


@pytest.mark.parametrize('config', [MEAN, MAX, BY_CHANNEL])
def test_no_parameter_and_one_slice_is_itself(config):
    assert sum(p.numel() for p in build(config).parameters()) == 0
    slice_feats = torch.randn(4, 1, 6)
    fused = fuse(config, slice_feats, torch.randn(4, 1))
    assert torch.equal(fused.features, slice_feats[:, 0]) and torch.equal(fused.log_weights, torch.zeros(4, 1))


@pytest.mark.parametrize('config', [MEAN, MAX, BY_CHANNEL])
def test_permuting_slices_permutes_the_weights_only(config):
    slice_feats, logits, order = torch.randn(5, 4, 8), torch.randn(5, 4), torch.tensor([2, 0, 3, 1])
    straight, permuted = fuse(config, slice_feats, logits), fuse(config, slice_feats[:, order], logits[:, order])
    torch.testing.assert_close(permuted.features, straight.features)
    torch.testing.assert_close(permuted.log_weights, straight.log_weights[:, order])


@pytest.mark.parametrize('config', [MEAN, MAX, BY_CHANNEL])
def test_gradient_reaches_the_slices(config):
    slice_feats = torch.randn(2, 3, 4, requires_grad=True)
    logits = torch.randn(2, 3, requires_grad=True)
    fused = fuse(config, slice_feats, logits)
    (fused.features.square().sum() + fused.log_weights[:, 0].sum()).backward()
    assert slice_feats.grad.abs().sum() > 0 and logits.grad.abs().sum() > 0
