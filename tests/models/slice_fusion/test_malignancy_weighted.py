import math

import pytest
import torch

from mammo_plugins.models.slice_fusion import ObjectFeatureFusion, SliceFusion
from tests.models.small_models import build


@pytest.fixture
def fusion():
    return build(dict(type='MalignancyWeightedFusion'))


def fuse(fusion, slice_feats, logits):
    """Fuses given slice features (P, S, D) with given malignancy logits (P, S)."""
    fused = fusion(None, None, interact=lambda proposals, rois: slice_feats, malignancy_logits=lambda feats: logits)
    assert fused.positions is None
    return fused


def test_odds_of_three_to_one_weigh_three_quarters(fusion):
    features, log_weights, _ = fuse(
        fusion, torch.tensor([[[8.0, 0.0], [0.0, 4.0]]]), torch.tensor([[math.log(3), 0.0]])
    )
    torch.testing.assert_close(log_weights.exp(), torch.tensor([[0.75, 0.25]]))
    torch.testing.assert_close(features, torch.tensor([[6.0, 1.0]]))


def test_proposals_weigh_slices_on_their_own(fusion):
    slice_feats, logits = torch.randn(2, 3, 4), torch.randn(2, 3)
    both = fuse(fusion, slice_feats, logits)
    alone = fuse(fusion, slice_feats[:1], logits[:1])
    torch.testing.assert_close(both.features[:1], alone.features)
    assert not torch.allclose(both.log_weights[0], both.log_weights[1])


def test_one_slice_is_its_own_average(fusion):
    slice_feats = torch.randn(5, 1, 4)
    features, log_weights, _ = fuse(fusion, slice_feats, torch.randn(5, 1) * 100)
    assert torch.equal(features, slice_feats[:, 0])
    assert torch.equal(log_weights, torch.zeros(5, 1))


def test_equal_slices_give_the_plain_average(fusion):
    slice_feats = torch.randn(5, 3, 4)
    features, log_weights, _ = fuse(fusion, slice_feats, torch.full((5, 3), 7.0))
    torch.testing.assert_close(features, slice_feats.mean(1))
    torch.testing.assert_close(log_weights.exp(), torch.full((5, 3), 1 / 3))


def test_extreme_logits_pick_one_slice_and_stay_finite(fusion):
    slice_feats = torch.randn(1, 2, 4)
    features, log_weights, _ = fuse(fusion, slice_feats, torch.tensor([[1000.0, -1000.0]]))
    torch.testing.assert_close(features, slice_feats[:, 0])
    assert log_weights.isfinite().all()


def test_permuting_slices_permutes_the_weights_only(fusion):
    slice_feats, logits, order = torch.randn(5, 4, 8), torch.randn(5, 4), torch.tensor([2, 0, 3, 1])
    straight = fuse(fusion, slice_feats, logits)
    permuted = fuse(fusion, slice_feats[:, order], logits[:, order])
    torch.testing.assert_close(permuted.features, straight.features)
    torch.testing.assert_close(permuted.log_weights, straight.log_weights[:, order])


def test_has_no_parameters_and_lets_gradients_through(fusion):
    assert not list(fusion.parameters())
    slice_feats, logits = torch.randn(5, 3, 4, requires_grad=True), torch.randn(5, 3, requires_grad=True)
    fuse(fusion, slice_feats, logits).features.square().sum().backward()
    assert slice_feats.grad.abs().sum() > 0 and logits.grad.abs().sum() > 0


def test_no_proposals_give_no_features(fusion):
    features, log_weights, _ = fuse(fusion, torch.zeros(0, 3, 4), torch.zeros(0, 3))
    assert features.shape == (0, 4) and log_weights.shape == (0, 3)


@pytest.mark.parametrize(('base', 'missing'), [(SliceFusion, 'forward'), (ObjectFeatureFusion, 'fuse')])
def test_fusion_without_a_rule_cannot_be_built(base, missing):
    with pytest.raises(TypeError, match=f'{base.__name__}.*{missing}'):
        base()
