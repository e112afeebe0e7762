import pytest
import torch

from tests.models.small_models import HIDDEN, build, head_config

PAIR, ALONE = (1, 0), (-1,)


@pytest.fixture
def attention():
    module = build(head_config().cross_view_attention)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    return module


def feats(num_views):
    return torch.randn(num_views, 5, HIDDEN)


def test_query_looks_at_key_and_value_of_the_partner(attention):
    x = feats(2)
    output = attention(x, PAIR)
    for view, partner in enumerate(PAIR):
        attended, _ = attention.attention.attn(x[view], x[partner], x[partner])
        torch.testing.assert_close(output[view], attention.norm(x[view] + attended))


def test_attention_to_equal_proposals_adds_their_projected_value(attention):
    x = feats(2)
    x[1] = x[1, :1]  # five equal proposals: whatever the weights, the value is the same
    attn = attention.attention.attn
    value = attn.in_proj_weight[2 * HIDDEN :] @ x[1, 0] + attn.in_proj_bias[2 * HIDDEN :]
    expected = attention.norm(x[0] + attn.out_proj.weight @ value + attn.out_proj.bias)
    torch.testing.assert_close(attention(x, PAIR)[0], expected)


def test_view_without_partner_passes_unchanged(attention):
    x = feats(3)
    output = attention(x, (1, 0, -1))
    assert torch.equal(output[2], x[2])
    torch.testing.assert_close(output[:2], attention(x[:2], PAIR))
    assert torch.equal(attention(x[2:], ALONE), x[2:])


def test_swapping_the_views_swaps_the_outputs(attention):
    x = feats(2)
    torch.testing.assert_close(attention(x.flip(0), PAIR), attention(x, PAIR).flip(0))


def test_breasts_do_not_see_each_other(attention):
    x = feats(4)
    changed = x.clone()
    changed[2:] = feats(2)
    partners = (1, 0, 3, 2)
    torch.testing.assert_close(attention(changed, partners)[:2], attention(x, partners)[:2])


def test_input_is_left_alone(attention):
    x = feats(2)
    before = x.clone()
    attention(x, PAIR)
    assert torch.equal(x, before)


def test_gradients_reach_every_parameter_and_both_views(attention):
    x = feats(2).requires_grad_()
    (attention(x, PAIR)[0] * torch.randn(5, HIDDEN)).sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in attention.parameters())
    assert (x.grad.abs().sum(dim=(1, 2)) > 0).all()


def test_uneven_heads_are_refused():
    with pytest.raises(ValueError, match='embed_dims 16 .* num_heads 3'):
        build(dict(type='CrossViewAttention', embed_dims=16, num_heads=3))
