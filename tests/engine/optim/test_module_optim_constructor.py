"""An optimiser for each part of a model."""

from __future__ import annotations

import pytest
from torch import nn

from mammo_plugins.registration import engine

SGD = dict(optimizer=dict(type='SGD', lr=0.1))


@pytest.fixture
def model():
    return nn.ModuleDict({name: nn.Linear(2, 2) for name in ('to_sm', 'to_ffdm', 'judge')})


def test_each_optimiser_has_the_parameters_of_its_modules(model):
    wrappers = engine.ModuleOptimConstructor(dict(pair=dict(modules=['to_sm', 'to_ffdm'], **SGD), judge=SGD))(model)
    of = {name: {p for group in wrapper.param_groups for p in group['params']} for name, wrapper in wrappers.items()}
    assert of == {
        'pair': {*model['to_sm'].parameters(), *model['to_ffdm'].parameters()},
        'judge': {*model['judge'].parameters()},
    }


@pytest.mark.parametrize(
    ('cfg', 'message'),
    [
        (dict(jury=SGD), "no part 'jury' for an optimiser: it has to_sm, to_ffdm, judge"),
        (dict(judge=SGD, second=dict(modules=['judge'], **SGD)), "'judge' and 'second' share a parameter"),
        (dict(judge=SGD), 'no optimiser has to_sm.weight'),
        (dict(judge=SGD, lr=0.1), r'optim_wrapper.lr belongs to no optimiser'),
    ],
)
def test_what_does_not_fit_is_refused(model, cfg, message):
    with pytest.raises(ValueError, match=message):
        engine.ModuleOptimConstructor(cfg)(model)


def test_frozen_part_needs_no_optimiser(model):
    model['to_sm'].requires_grad_(False)
    wrappers = engine.ModuleOptimConstructor(dict(judge=SGD, to_ffdm=SGD))(model)
    assert list(wrappers.keys()) == ['judge', 'to_ffdm']
