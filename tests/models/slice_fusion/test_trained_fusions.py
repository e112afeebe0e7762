"""TimeSform, QuerySummary and MLP-Regress against loops written from Eqs. 8 to 10."""

from __future__ import annotations

import math

import pytest
import torch

from mammo_plugins.models.slice_fusion.base import log_of_attention
from tests.models.small_models import build

D, S, K, N = 8, 3, 2, 5
TIMESFORM = dict(type='RoIAttentionFusion', embed_dims=D, num_heads=2)
QUERY = dict(type='QuerySummaryFusion', num_proposals=N, embed_dims=D, num_heads=2)
MLP = dict(type='MLPRegressFusion', num_slices=S, embed_dims=D)
NUM_PARAMETERS = {
    'RoIAttentionFusion': 4 * D * D + 4 * D + 2 * D,
    'QuerySummaryFusion': N * D + 4 * D * D + 4 * D,
    'MLPRegressFusion': S * D * D + D + D * D + D + 2 * D + D + 1,
}


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def interact(proposal_feats, roi_feats):
    """A head's path that keeps slices apart."""
    return roi_feats.mean(dim=(3, 4)) + proposal_feats[:, None]


def run(fusion, proposals, rois):
    return fusion(proposals, rois, interact, lambda feats: feats[..., 0])


def attend_by_loops(attention, query, tokens):
    """Multi-head attention of one query to a list of tokens: output and weights averaged over heads."""
    weight, bias = attention.in_proj_weight, attention.in_proj_bias
    q = weight[:D] @ query + bias[:D]
    keys = [weight[D : 2 * D] @ token + bias[D : 2 * D] for token in tokens]
    values = [weight[2 * D :] @ token + bias[2 * D :] for token in tokens]
    size = D // attention.num_heads
    answers, shares = [], []
    for head in range(attention.num_heads):
        part = slice(head * size, (head + 1) * size)
        share = torch.stack([q[part] @ key[part] / math.sqrt(size) for key in keys]).softmax(0)
        answers.append(sum(s * value[part] for s, value in zip(share, values)))
        shares.append(share)
    return attention.out_proj.weight @ torch.cat(answers) + attention.out_proj.bias, torch.stack(shares).mean(0)


def test_roi_attention_against_a_loop():
    fusion, proposals, rois = build(TIMESFORM), torch.randn(N, D), torch.randn(N, S, D, K, K)
    fused = run(fusion, proposals, rois)
    for p in range(N):
        places = [(s, y, x) for s in range(S) for y in range(K) for x in range(K)]
        tokens = [rois[p, s, :, y, x] for s, y, x in places]
        volume, of_slices = torch.zeros(D, K, K), torch.zeros(S)
        for y in range(K):
            for x in range(K):
                query = sum(rois[p, s, :, y, x] for s in range(S)) / S
                answer, shares = attend_by_loops(fusion.attention, query, tokens)
                volume[:, y, x] = fusion.norm(query + answer)
                for (s, _, _), share in zip(places, shares):
                    of_slices[s] += share / K**2
        torch.testing.assert_close(fused.features[p], interact(proposals[p : p + 1], volume[None, None])[0, 0])
        torch.testing.assert_close(fused.log_weights[p].exp(), of_slices)


def test_query_summary_against_a_loop():
    fusion, proposals, rois = build(QUERY), torch.randn(2 * N, D), torch.randn(2 * N, S, D, K, K)
    fused = run(fusion, proposals, rois)
    slices = interact(proposals, rois)
    for p in range(2 * N):  # two views, whose proposals share their queries
        answer, shares = attend_by_loops(fusion.attention, fusion.queries[p % N], list(slices[p]))
        torch.testing.assert_close(fused.features[p], answer)
        torch.testing.assert_close(fused.log_weights[p].exp(), shares)


def test_mlp_regress_against_a_loop():
    fusion, proposals, rois = build(MLP), torch.randn(N, D), torch.randn(N, S, D, K, K)
    fused = run(fusion, proposals, rois)
    first, _, second, norm = fusion.mlp
    slices = interact(proposals, rois)
    for p in range(N):
        hidden = (first.weight @ torch.cat(list(slices[p])) + first.bias).clamp(min=0)
        feature = norm(second.weight @ hidden + second.bias)
        position = torch.sigmoid(fusion.regress.weight[0] @ feature + fusion.regress.bias[0])
        torch.testing.assert_close(fused.features[p], feature)
        torch.testing.assert_close(fused.positions[p], position)
        assert int(fused.log_weights[p].argmax()) == min(int(position * S), S - 1)
        assert fused.log_weights[p].exp().sum() == 1


@pytest.mark.parametrize('config', [TIMESFORM, QUERY, MLP])
def test_parameters_are_as_many_as_said(config):
    assert sum(p.numel() for p in build(config).parameters()) == NUM_PARAMETERS[config['type']]


@pytest.mark.parametrize('config', [TIMESFORM, QUERY])
def test_weights_sum_to_one_and_follow_their_slices(config):
    fusion, proposals, rois = build(config), torch.randn(N, D), torch.randn(N, S, D, K, K)
    order = torch.tensor([2, 0, 1])
    straight, permuted = run(fusion, proposals, rois), run(fusion, proposals, rois[:, order])
    torch.testing.assert_close(straight.log_weights.exp().sum(-1), torch.ones(N))
    torch.testing.assert_close(permuted.log_weights, straight.log_weights[:, order])
    torch.testing.assert_close(permuted.features, straight.features)


@pytest.mark.parametrize('config', [TIMESFORM, QUERY, MLP])
def test_every_parameter_learns(config):
    fusion = build(config)
    fused = run(fusion, torch.randn(N, D), torch.randn(N, S, D, K, K))
    place = fused.log_weights[:, 0] if fused.positions is None else fused.positions
    (fused.features.square().sum() + (fused.features[:, 0] ** 3).sum() + place.sum()).backward()
    for name, parameter in fusion.named_parameters():
        assert parameter.grad is not None and parameter.grad.isfinite().all() and parameter.grad.any(), name


def test_wrong_numbers_of_slices_and_proposals_are_refused():
    with pytest.raises(ValueError, match='made for 3 slices and got 4'):
        run(build(MLP), torch.randn(N, D), torch.randn(N, 4, D, K, K))
    with pytest.raises(ValueError, match='no whole number of views of 5'):
        run(build(QUERY), torch.randn(7, D), torch.randn(7, S, D, K, K))


def test_weight_that_underflows_has_a_finite_log():
    assert log_of_attention(torch.tensor([1.0, 0.0])).isfinite().all()
