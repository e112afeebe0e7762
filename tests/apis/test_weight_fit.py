"""Whether weights are those of a model: what is refused, what may start fresh, and what is said."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from mammo_plugins.apis.weight_fit import (
    WeightsDoNotFitError,
    compare_weights,
    matches_any,
    read_weights,
    require_start_fit,
    require_whole_fit,
)
from mammo_plugins.compat import install_safe_checkpoint_loading


def model(width=4, classes=1, blocks=3) -> nn.Module:
    parts = nn.ModuleDict()
    parts['backbone'] = nn.Sequential(*(nn.Conv2d(width, width, 1) for _ in range(blocks)))
    parts['bbox_head'] = nn.ModuleDict({'fc_reg': nn.Linear(width, 4), 'fc_cls': nn.Linear(width, classes)})
    return parts


def start(weights, target, fresh=()):
    return require_start_fit('start.pth', weights, target, fresh)


def test_every_weight_is_counted_once():
    theirs = {**model(classes=2).state_dict(), 'extra.weight': torch.zeros(1)}
    fit = compare_weights(theirs, {**model().state_dict(), 'new.bias': torch.zeros(2)})
    assert len(fit.loaded) == 8
    assert fit.reshaped == {'bbox_head.fc_cls.weight': ((2, 4), (1, 4)), 'bbox_head.fc_cls.bias': ((2,), (1,))}
    assert (fit.missing, fit.unexpected) == (['new.bias'], ['extra.weight'])
    assert str(fit) == (
        '8 of 11 weights of the model loaded; 3 start fresh (bbox_head.fc_cls, new); 1 of the checkpoint unused (extra)'
    )


def test_start_weights_of_the_same_model_fit():
    assert len(start(model().state_dict(), model()).loaded) == 10


def test_a_class_more_is_refused_with_the_option_that_allows_it():
    with pytest.raises(
        WeightsDoNotFitError, match=r'fc_cls\.weight: 2x4 for 1x4.*start_fresh=\[\'bbox_head\.fc_cls\'\]'
    ):
        start(model(classes=2).state_dict(), model())
    assert len(start(model(classes=2).state_dict(), model(), ['bbox_head.fc_cls']).loaded) == 8


def test_other_width_is_refused():
    with pytest.raises(
        WeightsDoNotFitError,
        match=r'2 of 10 weights fit, 8 have another shape.*start_fresh=\[.backbone.,.bbox_head\.fc_cls.',
    ):
        start(model(width=8).state_dict(), model(width=3))


def test_a_part_that_hardly_loads_is_refused_although_others_fit():
    renamed = {name.replace('backbone', 'trunk'): value for name, value in model().state_dict().items()}
    with pytest.raises(WeightsDoNotFitError, match=r"start_fresh=\['backbone'\]"):
        start(renamed, model())
    assert len(start(renamed, model(), ['backbone']).loaded) == 4


def test_a_deeper_model_whose_first_blocks_would_load_is_refused():
    with pytest.raises(WeightsDoNotFitError, match=r'10 of 10 weights fit, 8 are not in the model \(backbone'):
        start(model(blocks=7).state_dict(), model())


def test_a_module_that_start_weights_lack_may_start_fresh():
    target = model()
    target['bbox_head']['attention'] = nn.Linear(4, 4)
    assert start(model().state_dict(), target).missing == ['bbox_head.attention.weight', 'bbox_head.attention.bias']


def test_parts_are_those_of_a_wrapped_detector():
    inner = {f'detector.{name}': value for name, value in model().state_dict().items() if 'backbone' not in name}
    with pytest.raises(WeightsDoNotFitError, match=r"start_fresh=\['detector\.backbone'\]"):
        start(inner, nn.ModuleDict({'detector': model()}))


def test_testing_takes_exactly_the_weights_of_the_model():
    weights = model().state_dict()
    require_whole_fit('k.pth', weights, model())
    for changed in (
        dict(list(weights.items())[1:]),
        {**weights, 'more': torch.zeros(1)},
        model(classes=2).state_dict(),
    ):
        with pytest.raises(WeightsDoNotFitError, match='k.pth does not hold the weights of this model'):
            require_whole_fit('k.pth', changed, model())


@pytest.mark.parametrize(
    ('pattern', 'matches'), [('a.b', True), ('a', True), ('a.*.c', True), ('a.b.c.d', False), ('b', False)]
)
def test_patterns_name_modules(pattern, matches):
    assert matches_any('a.b.c', [pattern]) == matches


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        (
            {'state_dict': {'w': torch.tensor([1.0, float('nan')])}},
            '1 of its 1 weights hold NaN or infinity, such as w',
        ),
        ({'state_dict': {}}, 'state dict is empty'),
        ({'state_dict': {'w': 3}}, 'holds no state dict of tensors'),
        ([1, 2], 'holds no state dict of tensors'),
    ],
)
def test_what_cannot_be_computed_with_is_refused(content, message, tmp_path):
    install_safe_checkpoint_loading()
    torch.save(content, tmp_path / 'k.pth')
    with pytest.raises(WeightsDoNotFitError, match=message):
        read_weights(tmp_path / 'k.pth')
