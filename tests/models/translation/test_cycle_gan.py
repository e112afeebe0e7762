"""A training step against a slow one, and what each part of it moves."""

from __future__ import annotations

import copy

import pytest
import torch
import torch.distributed
from mmengine.config import Config
from mmengine.optim import LinearLR
from torch import nn

from mammo_plugins.models.translation import ImagePool
from tests.models.translation.small_cycle_gan import (
    BETAS,
    RATE,
    batch,
    in_double,
    small_model,
    train_in_doubles,
    train_second,
    wrappers,
)
from tests.references.cycle_gan import Adam, cycle_gan_step, falling_factor
from tests.warm_processes import start_process


@pytest.mark.parametrize('pool_size', [50, 2])
def test_steps_are_those_of_the_reference(pool_size):
    model = in_double(small_model(pool_size=pool_size))
    parts = {'G': model.to_second, 'F': model.to_first, 'D_second': model.of_second, 'D_first': model.of_first}
    slow = {name: copy.deepcopy(part) for name, part in parts.items()}
    pools = {'first': ImagePool(pool_size, seed=1), 'second': ImagePool(pool_size, seed=2)}
    optimisers = Adam(RATE, BETAS), Adam(RATE, BETAS)
    fast_optimisers = wrappers(model)
    for step in range(4):
        found = model.train_step(batch(step), fast_optimisers)
        expected = cycle_gan_step(
            slow, *batch(step)['inputs'], *optimisers, lambda name, images: pools[name].exchange(images)
        )
        for name, value in expected.items():
            assert found[name].item() == pytest.approx(value, rel=1e-9), (step, name)
        for name, part in parts.items():
            for one, other in zip(part.parameters(), slow[name].parameters()):
                torch.testing.assert_close(one, other, rtol=0, atol=1e-9)


@pytest.mark.skipif(not torch.distributed.is_gloo_available(), reason='this torch has no gloo')
def test_two_processes_train_as_one_with_a_pool_that_is_full(tmp_path):
    train_in_doubles(0, 1, str(tmp_path))
    second = start_process(train_second, str(tmp_path))
    train_in_doubles(0, 2, str(tmp_path))
    second.join()
    one, two = (torch.load(tmp_path / f'{processes}.pt', weights_only=True) for processes in (1, 2))
    start = in_double(small_model()).state_dict()
    assert max((one[name] - start[name]).abs().max().item() for name in one) > 1e-3
    assert max((one[name] - two[name]).abs().max().item() for name in one) < 1e-7


def test_losses_have_the_weights_of_the_paper():
    model = in_double(small_model())
    first, second = batch(count=2)['inputs']
    losses, _, _ = model._generator_losses(first, second)
    there = model.to_first(model.to_second(first)), model.to_second(model.to_first(second))
    kept = model.to_first(first), model.to_second(second)
    cycle = 10 * sum((one - other).abs().mean() for one, other in zip(there, (first, second)))
    identity = 5 * sum((one - other).abs().mean() for one, other in zip(kept, (first, second)))
    torch.testing.assert_close(losses['loss_cycle'], cycle)
    torch.testing.assert_close(losses['loss_identity'], identity)
    without, _, _ = in_double(small_model(identity_weight=0))._generator_losses(first, second)
    assert 'loss_identity' not in without


def test_generators_do_not_move_discriminators_and_the_reverse():
    model = in_double(small_model())
    optimisers = wrappers(model)
    optimisers['discriminators'].param_groups[0]['lr'] = 0.0
    before = copy.deepcopy(model.state_dict())
    model.train_step(batch(), optimisers)
    after = model.state_dict()
    moved = {name.partition('.')[0] for name in after if not torch.equal(after[name], before[name])}
    assert moved == {'to_second', 'to_first'}
    assert all(parameter.requires_grad for parameter in model.parameters())
    assert all(p.grad is None or not p.grad.any() for p in model.parameters())


def test_a_step_shows_each_generator_its_own_direction():
    model = small_model()
    first, second = torch.rand(2, 1, 1, 16, 16)
    to_second, to_first = model((first, second))
    assert torch.equal(to_second, model.to_second(first)) and torch.equal(to_first, model.to_first(second))
    with pytest.raises(ValueError, match="the mode tensor, got 'loss'"):
        model((first, second), mode='loss')


def test_batches_are_stacked_by_style_and_windowed():
    model = small_model(data_preprocessor=dict(type='mmdet.StylePairPreprocessor', window=(-0.25, 1.25)))
    pairs = [[torch.full((1, 1, 8, 8), value) for value in pair] for pair in ((0.0, 1.0), (0.5, 0.25))]
    first, second = model.data_preprocessor(dict(inputs=pairs, data_samples=[[], []]))['inputs']
    assert first.shape == second.shape == (2, 1, 8, 8)
    torch.testing.assert_close(first[:, 0, 0, 0], torch.tensor([-2 / 3, 0.0]))
    torch.testing.assert_close(second[:, 0, 0, 0], torch.tensor([2 / 3, -1 / 3]))
    pairs[0][0] = torch.zeros(1, 1, 8, 4)
    with pytest.raises(ValueError, match='need one size'):
        model.data_preprocessor(dict(inputs=pairs, data_samples=[[], []]))


def test_rate_of_the_config_falls_as_the_reference_does(repository):
    cfg = Config.fromfile(repository / 'projects/msvcl/configs/cyclegan.py')
    (schedule,) = cfg.param_scheduler
    assert cfg.train_cfg.max_iters == 100_000 and (schedule.begin, schedule.end) == (49_999, 100_001)
    shrunk = {**schedule, 'type': 'LinearLR', 'begin': 4, 'end': 11}  # five steps as they are, five that fall
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler = LinearLR(optimizer, **{key: value for key, value in shrunk.items() if key != 'type'})
    factors = []
    for _ in range(10):
        factors.append(optimizer.param_groups[0]['lr'])
        optimizer.step()
        scheduler.step()
    assert factors == pytest.approx([falling_factor(step, 5, 5) for step in range(10)])
    assert factors[-1] > 0


def test_cycle_loss_can_be_left_out_with_the_identity_kept():
    """The shifts of domain diversification; ``cycle_weight`` scales the identity all the same."""
    images = torch.rand(2, 1, 16, 16), torch.rand(2, 1, 16, 16)
    expected = {'cp': {'loss_identity'}, 'r': {'loss_cycle'}, 'cpr': {'loss_cycle', 'loss_identity'}}
    changes = {'cp': dict(use_cycle=False), 'r': dict(identity_weight=0.0), 'cpr': {}}
    found = {}
    for shift, change in changes.items():
        torch.manual_seed(0)
        found[shift], *_ = small_model(**change)._generator_losses(*images)
        assert set(found[shift]) == {'loss_adversarial', *expected[shift]}
    assert torch.equal(found['cp']['loss_identity'], found['cpr']['loss_identity'])
