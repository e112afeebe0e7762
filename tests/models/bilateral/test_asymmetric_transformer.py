"""Self- and cross-attention of the two sides."""

from __future__ import annotations

import pytest
import torch
from mmdet.registry import MODELS
from torch import nn

from mammo_plugins.models.bilateral.asymmetric_transformer import AsymmetricBlock, AsymmetricTransformer
from tests.references import disasymnet as reference

VARIANTS = dict(
    literal={},
    residual=dict(residual=True),
    sine=dict(positional_encoding=dict(type='SinePositionalEncoding', num_feats=8, normalize=True)),
    learned=dict(positional_encoding=dict(type='LearnedPositionalEncoding', num_feats=8)),
)


def transformer(blocks: int = 2, **changes) -> AsymmetricTransformer:
    model = MODELS.build(dict(type='AsymmetricTransformer', in_channels=16, num_blocks=blocks, num_heads=4, **changes))
    model.init_weights()
    return model.double()


@pytest.fixture(name='sides')
def sides_fixture():
    return torch.randn(3, 2, 16, 4, 5, dtype=torch.float64)


def test_block_is_the_papers():
    block = AsymmetricBlock(8, num_heads=2).double()
    for parameter in block.parameters():
        nn.init.normal_(parameter, std=0.5)
    tokens = torch.randn(1, 2, 5, 8, dtype=torch.float64)
    weights = {
        name: (layer.weight.tolist(), layer.bias.tolist()) for name, layer in block.named_children() if name != 'norm'
    }
    expected = reference.asymmetric_block(*tokens[0].tolist(), weights, heads=2)
    torch.testing.assert_close(block(tokens)[0], torch.tensor(expected, dtype=torch.float64))


@pytest.mark.parametrize('name', VARIANTS)
def test_swapping_sides_swaps_outputs(name, sides):
    model = transformer(**VARIANTS[name])
    torch.testing.assert_close(model(sides.flip(1)), model(sides).flip(1))
    torch.testing.assert_close(model.compare(sides.flip(1)), model.compare(sides))


@pytest.mark.parametrize('name', VARIANTS)
def test_permuted_places_permute_outputs_only_without_positional_encoding(name, sides):
    model, order = transformer(**VARIANTS[name]), torch.randperm(20)
    permuted = model(sides.flatten(-2)[..., order].unflatten(-1, (4, 5))).flatten(-2)
    difference = (permuted - model(sides).flatten(-2)[..., order]).abs().max()
    if 'positional_encoding' in VARIANTS[name]:
        assert difference > 1e-3
    else:
        assert difference < 1e-9


def test_other_side_matters(sides):
    model = transformer()
    changed = sides.clone()
    changed[:, 1] = torch.randn_like(changed[:, 1])
    assert (model(changed)[:, 0] - model(sides)[:, 0]).abs().max() > 1e-3


@pytest.mark.parametrize('name', VARIANTS)
def test_gradients_reach_every_parameter(name, sides):
    model = transformer(**VARIANTS[name])
    model(sides).square().sum().backward()
    for parameter_name, parameter in model.named_parameters():
        assert parameter.grad is not None and (
            parameter.grad.abs().max() > 0 or parameter_name.endswith('key.bias')  # a shift of all keys cancels
        ), parameter_name


def test_initialisation_keeps_what_tells_places_apart_through_twelve_literal_blocks():
    """With torch's own initialisation the rounding of float32 is all that is left of it."""
    tokens = torch.randn(1, 2, 64, 8, 8).relu()
    model = AsymmetricTransformer(64, num_blocks=12)
    spreads = []
    for initialise in (False, True):
        if initialise:
            model.init_weights()
        result = model(tokens)
        spreads.append((result.flatten(-2).std(dim=-1).mean() / result.abs().mean()).item())
    assert spreads[0] < 1e-5 < 2e-4 < spreads[1]


def test_recomputing_changes_nothing(sides):
    plain, frugal = transformer(), transformer(recompute=True)
    frugal.load_state_dict(plain.state_dict())
    outputs = []
    for model in (plain, frugal):
        result = model(sides)
        result.square().sum().backward()
        outputs += [result, model.blocks[0].query.weight.grad]
    torch.testing.assert_close(outputs[:2], outputs[2:])


def test_heads_that_do_not_split_the_channels_are_refused():
    with pytest.raises(ValueError, match='embed_dims 16 cannot be split evenly among num_heads 3'):
        AsymmetricTransformer(16, num_heads=3)
