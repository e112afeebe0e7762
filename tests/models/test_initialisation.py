"""What a module declares as its initialisation is there after `init_weights`, which a runner calls."""

from __future__ import annotations

import inspect

import pytest
import torch
from mmdet.registry import MODELS
from torch import Tensor, nn

from mammo_plugins.models.bilateral.asymmetric_transformer import AsymmetricBlock
from mammo_plugins.models.slice_fusion.base import SliceFusion
from tests.models.detectors.test_mammogram_detector import CONFIGS, small
from tests.models.released_weights import glam_config
from tests.models.small_models import HIDDEN, NUM_PROPOSALS, build, detector_config

PRIOR = -4.59511985013459  # logit of a probability of 0.01

FUSIONS = {
    'MalignancyWeightedFusion': {},
    'MaxFusion': {},
    'MeanFusion': {},
    'QuerySummaryFusion': dict(num_proposals=NUM_PROPOSALS, embed_dims=HIDDEN, num_heads=2),
    'MLPRegressFusion': dict(num_slices=3, embed_dims=HIDDEN),
    'RoIAttentionFusion': dict(embed_dims=HIDDEN, num_heads=2),
}
# Registered modules that declare how they begin, each with a test below; a fusion's is compared parameter by parameter.
DECLARING = {
    'AsymmetricTransformer', 'BiFPN', 'EfficientDetHead', 'ForegroundAttention', 'GlobalModule', 'LocalModule',
    'MammogramClassifier', 'MammogramDetector', 'ModalityFusionDetector', 'ResNet22', 'SliceDIIHead', *FUSIONS,
}  # fmt: skip


def registered() -> dict[str, type]:
    return {
        name: kind
        for name, kind in MODELS.module_dict.items()
        if inspect.isclass(kind) and kind.__module__.startswith('mammo_plugins.')
    }


def initialised(fusion: str) -> tuple[nn.Module, dict[str, Tensor]]:
    """A detector after `init_weights`, and the parameters that it was built with."""
    config = detector_config()
    config.roi_head.bbox_head.slice_fusion = dict(type=fusion, **FUSIONS[fusion])
    detector = build(config)
    built = {name: value.clone() for name, value in detector.named_parameters()}
    detector.init_weights()
    return detector, built


def test_every_registered_fusion_is_checked_here():
    assert {name for name, kind in registered().items() if issubclass(kind, SliceFusion)} == set(FUSIONS)


@pytest.mark.parametrize('name', sorted(set(registered()) - DECLARING))
def test_the_other_modules_declare_nothing(name):
    kind = registered()[name]
    own = inspect.getsource(inspect.getmodule(kind))
    declares = ('def init_weights', 'nn.init.', 'Parameter(', "init_cfg or dict(type='", '.fill_(', '.normal_(')
    assert not [word for word in declares if word in own], 'test what it declares, and name it in DECLARING'


@pytest.mark.parametrize('fusion', FUSIONS)
def test_a_fusion_keeps_its_own_initialisation(fusion):
    detector, built = initialised(fusion)
    for name, value in detector.named_parameters():
        if '.slice_fusion.' in name:
            assert torch.equal(value, built[name]), name


def test_queries_have_the_declared_spread():
    detector, _ = initialised('QuerySummaryFusion')
    queries = torch.cat([head.slice_fusion.queries for head in detector.roi_head.bbox_head])
    assert float(queries.detach().std()) == pytest.approx(0.02, rel=0.25)


def test_the_rest_of_the_head_is_initialised_as_in_mmdet():
    detector, built = initialised('QuerySummaryFusion')
    for head in detector.roi_head.bbox_head:
        assert torch.equal(head.fc_cls.bias, torch.full_like(head.fc_cls.bias, PRIOR))
        bound = (6 / (2 * HIDDEN)) ** 0.5  # Xavier's, of a square matrix
        out = head.attention.attn.out_proj.weight
        assert 0.9 * bound < float(out.detach().abs().max()) <= bound


def test_efficientdet_begins_as_its_neck_and_head_declare():
    detector = build(dict(type='EfficientDet', num_classes=2))
    detector.init_weights()
    for name, value in detector.neck.named_parameters():
        if value.dim() == 4:
            fan_in, fan_out = nn.init._calculate_fan_in_and_fan_out(value)
            bound = (6 / (fan_in + fan_out)) ** 0.5
            assert 0.8 * bound < float(value.detach().abs().max()) <= bound, name
        elif 'fusion' in name or name.endswith('weights'):
            assert torch.equal(value, torch.ones_like(value)), name
    towers = detector.bbox_head.class_tower, detector.bbox_head.box_tower
    for tower, bias in zip(towers, (PRIOR, 0.0)):
        torch.testing.assert_close(tower.predict.pointwise.bias, torch.full_like(tower.predict.pointwise.bias, bias))
        spread = tower.predict.pointwise.weight.detach().std() * tower.predict.pointwise.in_channels**0.5
        assert float(spread) == pytest.approx(1.0, rel=0.15)


@pytest.mark.parametrize('name', CONFIGS)
def test_a_detector_of_mmdet_begins_as_without_the_wrapper(name):
    states = []
    for config in (small(name), dict(type='MammogramDetector', detector=small(name))):
        torch.manual_seed(0)
        model = build(config)
        model.init_weights()
        states.append(getattr(model, 'detector', model).state_dict())
    plain, wrapped = states
    assert plain.keys() == wrapped.keys() and all(torch.equal(plain[key], wrapped[key]) for key in plain)


def test_a_fused_head_begins_as_that_of_its_first_branch():
    detector = build(dict(type='ModalityFusionDetector', efficientdet=dict(compound='d0', neck=dict(num_cells=1))))
    detector.init_weights()
    own, fused = detector.backbone.sm.bbox_head, detector.bbox_head
    assert torch.equal(fused.class_tower.predict.pointwise.weight, own.class_tower.predict.pointwise.weight)
    assert not fused.box_tower.convs[0].pointwise.weight[:, 64:].any()


def test_glam_begins_with_xavier_s_and_kaiming_s_normal_distributions():
    model = build(glam_config())
    model.init_weights()
    for part, spread in ((model.global_module, _xavier), (model.local_module, _kaiming)):
        for name, value in part.named_parameters():
            if value.dim() == 4 and value.numel() > 5000:
                assert float(value.detach().std()) == pytest.approx(spread(value), rel=0.05), name
            elif name.endswith(('norm1.weight', 'bn2.weight')):
                assert torch.equal(value, torch.ones_like(value)), name
    (head,) = model.local_module.head.parameters()
    assert float(head.detach().std()) == pytest.approx(_kaiming(head), rel=0.1)
    for head in model.global_module.heads[1:]:
        assert float(head.weight.detach().std()) == pytest.approx(_xavier(head.weight), rel=0.2)


def _xavier(value: Tensor) -> float:
    return (2 / sum(nn.init._calculate_fan_in_and_fan_out(value))) ** 0.5


def _kaiming(value: Tensor) -> float:
    return (2 / nn.init._calculate_fan_in_and_fan_out(value)[1]) ** 0.5


def test_blocks_of_attention_begin_with_the_spread_that_they_declare():
    block = AsymmetricBlock(embed_dims=256)
    block.init_weights()
    # Kaiming's for a rectifier: the variance is 2 over the inputs; Xavier's: 2 over inputs and outputs.
    assert float(block.expand.weight.detach().std()) == pytest.approx((2 / 768) ** 0.5, rel=0.05)
    assert float(block.shrink.weight.detach().std()) == pytest.approx((2 / 512) ** 0.5, rel=0.05)
    assert not any(parameter.any() for name, parameter in block.named_parameters() if name.endswith('bias'))


def test_a_classifier_begins_near_zero():
    torch.manual_seed(0)
    classifier = MODELS.build(
        dict(
            type='MammogramClassifier',
            backbone=dict(type='ResNet', depth=18, out_indices=(3,)),
            targets=[dict(name='density', classes=['A/B', 'C/D'])],
            in_channels=512,
        )
    )
    classifier.init_weights()
    assert float(classifier.fc.weight.detach().std()) == pytest.approx(0.01, rel=0.2)
    assert not classifier.fc.bias.any()


def test_attention_of_ham_begins_with_nothing():
    attention = build(dict(type='ForegroundAttention', in_channels=16, out_channels=8))
    attention.init_weights()
    assert not attention.places.gain.any() and not attention.channels.gain.any()
