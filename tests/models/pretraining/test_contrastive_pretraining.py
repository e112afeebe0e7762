"""The model of contrastive pretraining: its losses, and two processes that train as one."""

from __future__ import annotations

import pytest
import torch
from mmdet.registry import MODELS

from mammo_plugins.structures.image_identity import ImageIdentity
from tests.models.pretraining.small_pretraining import IMAGES, build, in_two_processes, losses_and_gradients

NECK = dict(
    type='mmpretrain.NonLinearNeck', in_channels=512, hid_channels=16, out_channels=8, norm_cfg=dict(type='BN1d')
)


@pytest.fixture(scope='module')
def resnet():
    torch.manual_seed(0)
    return MODELS.build(
        dict(
            type='ContrastivePretraining',
            backbone=dict(type='ResNet', depth=18, out_indices=(3,)),
            neck=NECK,
            scheme='msvcl_v2',
            data_preprocessor=dict(type='CopiesDataPreprocessor', mean=0.2, std=0.2),
        )
    )


def packed_cases(size: int = 32, copies: int = 2) -> dict:
    """Two breasts of two views and one of a single view, as a loader gives them."""
    identities = [ImageIdentity(patient, view, view + patient) for patient, view in IMAGES[:5]]
    images = [torch.rand(copies, 1, size, size) for _ in identities]
    cut = ((0, 2), (2, 4), (4, 5))
    return dict(inputs=[images[a:b] for a, b in cut], data_samples=[identities[a:b] for a, b in cut])


def test_preprocessor_stacks_copies(resnet):
    data = packed_cases()
    batch = resnet.data_preprocessor(data, True)
    assert [tuple(copy.shape) for copy in batch['inputs']] == [(5, 3, 32, 32)] * 2
    assert [identity.view for identity in batch['data_samples']] == ['L-CC', 'L-MLO', 'L-CC', 'L-MLO', 'R-CC']
    assert torch.allclose(batch['inputs'][1][3, 2], (data['inputs'][1][1][1, 0] - 0.2) / 0.2, atol=1e-6)


def test_images_of_different_size_are_refused(resnet):
    data = packed_cases()
    data['inputs'][1][0] = torch.rand(2, 1, 16, 16)
    with pytest.raises(ValueError, match='crop to a size'):
        resnet.data_preprocessor(data, True)


def test_losses_reach_every_parameter(resnet):
    losses = resnet(**resnet.data_preprocessor(packed_cases(), True), mode='loss')
    assert set(losses) == {'loss_style', 'style_pairs', 'loss_view', 'view_pairs'}
    assert losses['style_pairs'] == 10 and losses['view_pairs'] == 16
    resnet.zero_grad()
    (losses['loss_style'] + losses['loss_view']).backward()
    without = [name for name, parameter in resnet.named_parameters() if not parameter.grad.abs().sum() > 0]
    assert not without, without


def test_computing_blocks_again_changes_no_loss_gradient_or_statistic():
    results = []
    for recompute in (False, True):
        torch.manual_seed(0)
        model = MODELS.build(
            dict(
                type='ContrastivePretraining',
                backbone=dict(type='ResNet', depth=18, out_indices=(3,), norm_eval=False),
                neck=NECK,
                scheme='msvcl_v2',
                data_preprocessor=dict(type='CopiesDataPreprocessor', mean=0.2, std=0.2),
                recompute=recompute,
            )
        ).train()
        torch.manual_seed(1)
        losses = model(**model.data_preprocessor(packed_cases(), True), mode='loss')
        (losses['loss_style'] + losses['loss_view']).backward()
        gradients = {f'gradient of {name}': parameter.grad for name, parameter in model.named_parameters()}
        results.append({**losses, **gradients, **dict(model.named_buffers())})
    torch.testing.assert_close(results[1], results[0])


def test_a_backbone_without_residual_blocks_is_not_computed_again():
    with pytest.raises(ValueError, match='recompute=True needs a ResNet, got SSDVGG'):
        MODELS.build(
            dict(
                type='ContrastivePretraining',
                backbone=dict(type='SSDVGG', depth=11, with_last_pool=False),
                neck=NECK,
                recompute=True,
            )
        )


def test_unknown_scheme_and_mode_are_refused(resnet):
    with pytest.raises(ValueError, match='scheme is one of simclr, mscl'):
        build('supcon')
    with pytest.raises(ValueError, match='it predicts nothing'):
        resnet([torch.rand(1, 3, 32, 32)], mode='predict')


def test_loss_of_styles_is_that_of_a_slow_loop():
    model = build('mscl_v2')
    losses, _ = losses_and_gradients('mscl_v2', list(range(7)))
    copies = torch.randn(2, 7, 1, 6, 6, generator=torch.Generator().manual_seed(1))
    vectors = torch.nn.functional.normalize(model(list(copies)))
    samples = [(patient, view, f'{patient}{view}') for patient, view in IMAGES] * 2
    costs = []
    for i, (patient, view, image) in enumerate(samples):
        pushed = [k for k, (p, v, _) in enumerate(samples) if p != patient and v[2:] == view[2:]]
        for j, (_, _, other) in enumerate(samples):
            if other == image and i != j:
                powers = (vectors[i] @ vectors[[j, *pushed]].T / 0.1).exp()
                costs.append(-(powers[0] / powers.sum()).log())
    assert torch.allclose(losses['loss_style'], torch.stack(costs).mean(), atol=1e-5)


def test_two_processes_give_loss_and_gradient_of_one(tmp_path):
    """Three images against four, and a padded shard: image 0 is in both processes."""
    cases = [([0, 1, 2, 3], [4, 5, 6]), ([0, 1, 2], [3, 4, 0])]
    for (first, second), results in zip(cases, in_two_processes('msvcl_v2', cases, tmp_path)):
        expected, gradients = losses_and_gradients('msvcl_v2', [*first, *second])
        assert expected['loss_style'] > 0.1 and expected['loss_view'] > 0.1
        for losses, found in results:
            for name, value in expected.items():
                assert float(losses[name]) == pytest.approx(float(value), abs=1e-5), name
            for name, gradient in gradients.items():
                ratio = (found[name] * gradient).sum() / gradient.square().sum()
                assert float(ratio) == pytest.approx(1.0, abs=1e-4), name
                assert torch.allclose(found[name], gradient, atol=1e-5), name
