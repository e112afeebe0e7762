"""Modules that are computed again in the backward pass."""

import copy

import torch
from torch import nn

from mammo_plugins.models.layers.recompute import recompute_in_training


def make_model() -> nn.Module:
    torch.manual_seed(0)
    block = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.SiLU(), nn.Dropout(0.5), nn.Conv2d(4, 4, 3))
    return nn.Sequential(block, nn.BatchNorm2d(4)).double()


def step(model: nn.Module) -> torch.Tensor:
    torch.manual_seed(1)
    loss = model(torch.randn(2, 3, 9, 9, dtype=torch.float64)).square().sum()
    loss.backward()
    return loss


def test_loss_gradients_statistics_and_keys_stay():
    plain, saving = make_model(), make_model()
    recompute_in_training([saving[0]])
    torch.testing.assert_close(step(saving), step(plain))
    for one, other in zip(saving.parameters(), plain.parameters()):
        torch.testing.assert_close(one.grad, other.grad)
    assert saving.state_dict().keys() == plain.state_dict().keys()
    for name, value in plain.state_dict().items():
        torch.testing.assert_close(saving.state_dict()[name], value)


def test_several_backward_passes_give_their_gradients():
    found = []
    for saving in (False, True):
        model = make_model()
        if saving:
            recompute_in_training([model[0]])
        torch.manual_seed(1)
        outputs = model(torch.randn(2, 3, 9, 9, dtype=torch.float64))
        weights = list(model.parameters())
        first = torch.autograd.grad(outputs.square().sum(), weights, retain_graph=True)
        found.append([*first, *torch.autograd.grad(outputs.pow(3).sum(), weights), *model.buffers()])
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other)


def test_the_block_runs_twice_in_training_and_once_in_evaluation():
    model, runs = make_model(), []
    recompute_in_training([model[0]])
    model[0][0].register_forward_hook(lambda *_: runs.append(1))
    step(model)
    assert len(runs) == 2
    model.eval()
    step(model)
    assert len(runs) == 3


def test_a_frozen_norm_stays_frozen():
    model = make_model()
    recompute_in_training([model[0]])
    model[0][1].eval()
    before = model[0][1].running_mean.clone()
    step(model)
    assert torch.equal(model[0][1].running_mean, before)


def test_a_copy_runs_its_own_weights():
    model = make_model()
    recompute_in_training([model[0]])
    other = copy.deepcopy(model)
    with torch.no_grad():
        other[0][4].weight.zero_()
        other[0][4].bias.zero_()
    images = torch.randn(1, 3, 9, 9, dtype=torch.float64)
    assert model.eval()[0](images).any() and not other.eval()[0](images).any()
