"""The whole DisAsymNet: its step, who learns from what, and its predictions."""

from __future__ import annotations

import copy
from contextlib import contextmanager

import pytest
import torch
from mmdet.registry import MODELS
from mmengine.optim import OptimWrapper, OptimWrapperDict

from mammo_plugins.models.bilateral import FrozenCopy
from tests.models.bilateral.small_pairs import make_data, optimisers, small_model

LABELS = [(1.0, 0.0), (0.0, 0.0), (float('nan'), 0.0)]
CONCATENATED = dict(type='SideConcatenation', in_channels=48)


def largest_change(before: dict, after: dict) -> float:
    return max((after[name].float() - value.float()).abs().max().item() for name, value in before.items())


def state(module) -> dict:
    return copy.deepcopy(module.state_dict())


@pytest.fixture(name='data')
def data_fixture():
    return make_data(LABELS, synthetic=(1,))


def test_step_trains_both_parts_and_logs_every_loss(data):
    model = small_model().train()
    before = state(model)
    logged = model.train_step(data, optimisers(model))
    names = {'loss_diag', 'loss_rec', 'loss_disc', 'loss_syn', 'loss_refine', 'loss'}
    assert set(logged) == names and all(value.isfinite() and value > 0 for value in logged.values())
    for part in ('asyc.', 'asyd.'):
        unchanged = [
            name for name, _ in model.named_parameters()
            if name.startswith(part) and torch.equal(before[name], model.state_dict()[name])
        ]  # fmt: skip
        assert all(name.endswith('key.bias') for name in unchanged), unchanged


def test_discriminator_is_asyc_before_the_step(data):
    model = small_model().train()
    steps = optimisers(model)
    for _ in range(2):
        before = state(model.asyc)
        model.train_step(data, steps)
        assert largest_change(before, model.discriminator.network.state_dict()) == 0
        assert largest_change(before, model.asyc.state_dict()) > 0
        assert not model.discriminator.network.training
    assert not any(name.startswith('discriminator') for name in model.state_dict())


@pytest.mark.parametrize('reaches', [False, True])
def test_gradient_of_the_discriminator_reaches_the_decoder_and_never_asyc(reaches, data):
    """Of all losses only what the discriminator says has a weight, so whatever changes learns from it."""
    weights = dict(diag=0.0, rec=0.0, disc=1.0, syn=0.0)
    model = small_model(loss_weights=weights, refine=False, disc_reaches_asyc=reaches).train()
    before = {name: value.clone() for name, value in model.named_parameters()}
    model.train_step(data, optimisers(model))
    changed = {name for name, value in model.named_parameters() if not torch.equal(before[name], value)}
    assert {name.split('.')[0] for name in changed} == ({'asyc', 'asyd'} if reaches else {'asyd'})
    assert all(parameter.grad is None for parameter in model.discriminator.network.parameters())


def test_refinement_is_a_second_step_of_asyc_alone(data):
    models = [small_model(refine=refine).train() for refine in (False, True)]
    for model in models:
        model.train_step(data, optimisers(model))
    plain, refined = models
    assert largest_change(plain.asyd.state_dict(), refined.asyd.state_dict()) == 0
    assert largest_change(plain.asyc.state_dict(), refined.asyc.state_dict()) > 1e-6


def test_whole_gradient_is_that_of_the_sum_of_losses(data):
    """Two backward passes into a part each give what one pass over the paper's sum gives."""
    model = small_model(refine=False, disc_reaches_asyc=True).train()
    start = {name: value.clone() for name, value in model.named_parameters()}
    twin = copy.deepcopy(model)
    model.train_step(copy.deepcopy(data), optimisers(model))
    prepared = twin.data_preprocessor(data, True)
    sum(twin.loss(prepared['inputs'], prepared['data_samples']).values()).backward()
    for name, parameter in twin.named_parameters():
        step = (start[name] - model.get_parameter(name)) / 0.1
        torch.testing.assert_close(step, parameter.grad, atol=2e-5, rtol=2e-3, msg=name)


def test_swapping_sides_swaps_predictions():
    model = small_model().eval()
    data = make_data([(1.0, 0.0)])
    swapped = copy.deepcopy(data)
    swapped['inputs'][0].reverse()
    swapped['data_samples'][0].views = swapped['data_samples'][0].views[::-1]
    (one,), (other,) = model.test_step(data), model.test_step(swapped)
    assert one.pred_labels['abnormal'] == pytest.approx(other.pred_labels['abnormal'], abs=1e-6)
    for view, twin in zip(one.views, other.views[::-1]):
        assert view.image_id == twin.image_id
        assert view.pred_labels['abnormal'] == pytest.approx(twin.pred_labels['abnormal'], abs=1e-6)
        for name in ('normal', 'abnormal'):
            torch.testing.assert_close(view.pred_pictures[name], twin.pred_pictures[name], atol=1e-5, rtol=0)


def test_predictions_cover_the_image_without_its_padding():
    model = small_model().eval()
    (case,) = model.test_step(make_data([(1.0, 0.0)], size=(30, 13)))
    for view in case.views:
        assert 0 < view.pred_labels['abnormal'] < 1
        assert {name: tuple(plane.shape) for name, plane in view.pred_pictures.items()} == {
            'normal': (30, 13), 'abnormal': (30, 13)
        }  # fmt: skip
        assert view.pred_saliency['any'].shape == (30, 13)
    moved = case.to(torch.float64)
    assert moved.views[0].pred_pictures['normal'].dtype == torch.float64


@pytest.mark.parametrize(
    'changes',
    [
        dict(asyd=None),
        dict(asyc__fusion=CONCATENATED, asyd__in_channels=96),
        dict(asyc__fusion=CONCATENATED, asyd=None),
        dict(asyd__skips=False, asyc__fusion__residual=True),
    ],
    ids=['AsyC', 'AsyD', 'neither', 'residual, no skips'],
)
def test_ablations_take_a_step_and_predict(changes, data):
    model = small_model(**changes).train()
    before = state(model)
    model.train_step(data, optimisers(model))
    assert largest_change(before, model.state_dict()) > 1e-4
    (case,) = model.eval().test_step(make_data([(1.0, 0.0)]))
    assert ('pred_pictures' in case.views[0]) == (changes.get('asyd', 1) is not None)


def test_decoder_without_a_synthetic_pair_or_known_label_takes_a_step():
    model = small_model().train()
    logged = model.train_step(make_data([(float('nan'), float('nan'))]), optimisers(model))
    assert logged['loss_syn'] == logged['loss_diag'] == logged['loss_rec'] == 0 and logged['loss_disc'] > 0


def test_picture_of_a_synthetic_pair_is_compared_with_the_real_one(data):
    model = small_model().eval()
    prepared = model.data_preprocessor(data, True)
    losses = model.loss(prepared['inputs'], prepared['data_samples'])
    case = prepared['data_samples'][1]
    pair = torch.stack([view.synthetic[0] for view in case.views])[None].expand(-1, -1, 3, -1, -1)
    normal = model._decode(model.asyc(pair))[:, :, 0]
    real = torch.stack([image[0, 0] for image in data['inputs'][1]])[None]
    torch.testing.assert_close(losses['loss_syn'], 0.5 * (real - normal).abs().mean())


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (lambda case: case.set_metainfo(dict(group_by='breast')), "set group_by='bilateral'"),
        (lambda case: case.views[0].set_metainfo(dict(num_slices=2)), 'is no pair of flat images'),
        (lambda case: setattr(case, 'gt_labels', {}), r"set labels=\['abnormal'\]"),
    ],
)
def test_what_is_no_labelled_pair_is_refused(change, message, data):
    model = small_model()
    prepared = model.data_preprocessor(data, True)
    change(prepared['data_samples'][0])
    with pytest.raises(ValueError, match=message):
        model.loss(prepared['inputs'], prepared['data_samples'])


def test_unknown_weight_and_accumulation_are_refused(data):
    with pytest.raises(ValueError, match='loss_weights names gan: the losses are diag, rec, disc, syn'):
        small_model(loss_weights=dict(gan=1.0))
    model = small_model()
    with pytest.raises(ValueError, match='cannot accumulate'):
        model.train_step(data, optimisers(model, accumulative_counts=2))


def test_decoder_that_computes_again_gives_equal_images_gradients_and_statistics():
    models = [small_model(asyd__recompute=again, asyd__norm_cfg=dict(type='BN')).train() for again in (False, True)]
    models[1].load_state_dict(models[0].state_dict())
    for model in models:
        prepared = model.data_preprocessor(make_data([(1.0, 0.0)]), True)
        sum(model.loss(prepared['inputs'], prepared['data_samples']).values()).backward()
    plain, frugal = (dict(model.asyd.named_parameters()) for model in models)
    for name, parameter in plain.items():
        torch.testing.assert_close(parameter.grad, frugal[name].grad, msg=name)
    assert largest_change(models[0].asyd.state_dict(), models[1].asyd.state_dict()) < 1e-6


def test_whole_step_that_computes_again_trains_alike():
    """Both parts go backward through the same graph, so that blocks are computed again more than once."""
    found = []
    for again in (False, True):
        parts = dict.fromkeys(('recompute', 'asyc__fusion__recompute', 'asyd__recompute'), again)
        model = small_model(**parts, asyd__norm_cfg=dict(type='BN'))
        logged = model.train().train_step(make_data(LABELS, synthetic=(1,)), optimisers(model))
        found.append((logged, state(model)))
    (logged, plain), (logged_again, frugal) = found
    assert all(logged_again[name].item() == pytest.approx(value.item(), rel=1e-5) for name, value in logged.items())
    assert largest_change(plain, frugal) < 1e-5


def test_decoder_needs_a_stage_for_each_skip():
    with pytest.raises(ValueError, match='1 decoder stages cannot take 2 stages'):
        MODELS.build(dict(type='DisentanglingDecoder', in_channels=8, stage_channels=[4, 4, 8], channels=[4]))


def test_frozen_copy_passes_gradients_to_its_input_only():
    network, copied = torch.nn.Linear(3, 1), FrozenCopy()
    with pytest.raises(RuntimeError, match='call follow first'):
        copied(torch.ones(1, 3))
    copied.follow(network)
    inputs = torch.ones(1, 3, requires_grad=True)
    copied(inputs).sum().backward()
    torch.testing.assert_close(inputs.grad, network.weight.detach())
    assert network.weight.grad is None and copied.network.weight.grad is None
    assert copy.deepcopy(copied).network is None


class HalfPrecision(OptimWrapper):
    """Mixed precision on CPU, which mmengine has on GPUs only."""

    @contextmanager
    def optim_context(self, model):
        with super().optim_context(model), torch.autocast('cpu', dtype=torch.bfloat16):
            yield


def test_step_in_mixed_precision_gives_nearly_the_same_losses(data):
    logged = []
    for kind in (OptimWrapper, HalfPrecision):
        model = small_model().train()
        parts = {name: kind(torch.optim.SGD(getattr(model, name).parameters(), lr=1e-3)) for name in ('asyc', 'asyd')}
        logged.append(model.train_step(copy.deepcopy(data), OptimWrapperDict(**parts)))
        assert all(value.isfinite().all() for value in model.state_dict().values())
    for name, value in logged[0].items():
        assert logged[1][name].item() == pytest.approx(value.item(), rel=0.1, abs=0.01), name
