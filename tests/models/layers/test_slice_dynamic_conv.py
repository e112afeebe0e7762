import pytest
import torch
from mmdet.models.layers import DynamicConv
from mmdet.registry import MODELS

from mammo_plugins.models.layers import SharedBoxPooling, SliceLayout, slice_dynamic_conv
from tests.models.small_models import HIDDEN, STRIDES, build, head_config, roi_extractor_config

PROPOSALS, SLICES, POOL = 4, 3, 7


@pytest.fixture
def conv():
    return build(head_config().dynamic_conv_cfg)


def inputs(num_slices=SLICES):
    return torch.randn(PROPOSALS, HIDDEN), torch.randn(PROPOSALS, num_slices, HIDDEN, POOL, POOL)


def mmdet_twin(conv):
    twin = DynamicConv(HIDDEN, 4, HIDDEN, POOL)
    twin.load_state_dict(conv.state_dict(), strict=True)
    return twin


def test_gives_one_feature_a_proposal_and_slice(conv):
    assert conv(*inputs()).shape == (PROPOSALS, SLICES, HIDDEN)


def test_each_slice_gets_what_mmdet_gives_it_alone(conv):
    proposal_feats, roi_feats = inputs()
    twin = mmdet_twin(conv)
    expected = torch.stack([twin(proposal_feats, roi_feats[:, s]) for s in range(SLICES)], dim=1)
    torch.testing.assert_close(conv(proposal_feats, roi_feats), expected)


def test_kernels_are_generated_once_a_proposal(conv):
    rows = []
    conv.dynamic_layer.register_forward_hook(lambda _, args, output: rows.append(len(args[0])))
    conv(*inputs(num_slices=6))
    assert rows == [PROPOSALS]


@pytest.mark.parametrize('written', [1, 5000, 10**6])
@torch.no_grad()
def test_pooled_boxes_give_what_their_tensor_gives(conv, monkeypatch, written):
    """However many are taken at once: one box; six of a view, of which two go on together; all."""
    monkeypatch.setattr(slice_dynamic_conv, 'WRITTEN_AT_ONCE', written)
    levels = [torch.randn(2 * SLICES, HIDDEN, 64 // s, 64 // s) for s in STRIDES]
    corners = torch.rand(2, 15, 2) * 40
    extractor = MODELS.build(dict(_scope_='mmdet', **roi_extractor_config()))
    pooling = SharedBoxPooling([levels], SliceLayout((SLICES, SLICES), (1, 0)))
    pooled = pooling.pool(extractor, torch.cat([corners, corners + 20], dim=2), [0, 1])
    proposal_feats = torch.randn(30, HIDDEN)
    torch.testing.assert_close(conv(proposal_feats, pooled), conv(proposal_feats, pooled.tensor()))


def test_gradients_reach_every_parameter_and_both_inputs(conv):
    tensors = [tensor.requires_grad_() for tensor in inputs()]
    (conv(*tensors) * torch.randn(PROPOSALS, SLICES, HIDDEN)).sum().backward()
    assert all(t.grad is not None and t.grad.abs().sum() > 0 for t in [*tensors, *conv.parameters()])


def test_no_proposals_give_no_features(conv):
    assert conv(torch.zeros(0, HIDDEN), torch.zeros(0, SLICES, HIDDEN, POOL, POOL)).shape == (0, SLICES, HIDDEN)


def test_unprojected_output_is_refused():
    with pytest.raises(ValueError, match='with_proj=True'):
        build(dict(head_config().dynamic_conv_cfg, with_proj=False))
