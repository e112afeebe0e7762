"""Sizes, against the published numbers; weights and losses, against the independent package effdet."""

import pytest
import torch
from mmdet.registry import MODELS
from mmengine.structures import InstanceData
from torch import nn

from mammo_plugins.apis.convert.effdet_names import rename_effdet

# Trainable numbers with 90 classes, of the reference implementation.
PARAMETERS = {
    'd0': 3_880_067, 'd1': 6_625_898, 'd2': 8_097_039, 'd3': 12_032_296, 'd4': 20_723_675, 'd5': 33_653_315,
    'd6': 51_871_782, 'd7': 51_871_782, 'd7x': 77_147_166,
}  # fmt: skip
META = dict(img_shape=(256, 256), pad_shape=(256, 256), batch_input_shape=(256, 256), scale_factor=(1.0, 1.0))


def build(**changes):
    return MODELS.build({'type': 'EfficientDet', '_scope_': 'mmdet', **changes})


def count(module):
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize('compound', PARAMETERS)
def test_size_has_the_published_number_of_parameters(compound):
    with torch.device('meta'):
        detector = build(compound=compound, num_classes=90)
    assert count(detector) == PARAMETERS[compound]


def test_parts_have_the_published_numbers_of_parameters():
    detector = build(num_classes=90)
    parts = (detector.backbone, detector.neck, detector.bbox_head.class_tower, detector.bbox_head.box_tower)
    assert tuple(map(count, parts)) == (3_595_388, 196_281, 69_354, 19_044)
    assert count(build(variant='plain', num_classes=1)) == 3_825_698  # no bias before a norm


def test_variants_have_their_norms_and_paddings():
    tf, plain = build(), build(variant='plain')
    epsilons = [{m.eps for m in d.backbone.modules() if isinstance(m, nn.BatchNorm2d)} for d in (tf, plain)]
    assert epsilons == [{1e-3}, {1e-5}]
    even = torch.zeros(1, 1, 8, 8)
    even[..., 3] = 1  # windows around even cells see it twice, windows that begin at even cells once
    assert [(d.neck.extra_pools[0](even)[0, 0, 0] > 0).sum().item() for d in (plain, tf)] == [2, 1]
    kernels = [type(d.backbone.timm_model.conv_stem).__name__ for d in (plain, tf)]
    assert kernels == ['Conv2d', 'Conv2dSame']


def test_fields_are_laid_over_the_size():
    detector = build(neck=dict(num_cells=1), bbox_head=dict(num_convs=1))
    assert len(detector.neck.cells) == 1 and len(detector.bbox_head.class_tower.convs) == 1


@pytest.mark.parametrize('changes', [dict(compound='d8'), dict(variant='jax')])
def test_unknown_size_is_named(changes):
    with pytest.raises(ValueError, match=next(iter(changes.values()))):
        build(**changes)


def test_backbone_of_another_size_is_named():
    with pytest.raises(ValueError, match="d1 has a backbone efficientnet_b1, got model_name='tf_efficientnet_b0'"):
        build(compound='d1', backbone=dict(model_name='tf_efficientnet_b0'))  # its channels would fit


def test_default_settings_predict():
    detector = build(neck=dict(num_cells=1)).eval()
    with torch.no_grad():
        (found,) = detector.bbox_head.predict_by_feat(*detector(torch.randn(1, 3, 256, 256)), batch_img_metas=[META])
    assert found.bboxes.shape == (len(found.scores), 4)


@pytest.fixture(scope='module', params=[('tf', 'd0'), ('plain', 'd0'), ('tf', 'd2'), ('plain', 'd2')], ids='-'.join)
def twins(request):
    """effdet's detector with random weights and statistics, and ours with the same."""
    effdet = pytest.importorskip('effdet', reason='effdet is not installed: pip install .[test]')
    variant, size = request.param
    config = effdet.get_efficientdet_config(f'{"tf_" if variant == "tf" else ""}efficientdet_{size}')
    config.num_classes, config.image_size, config.backbone_args = 3, (256, 256), dict(drop_path_rate=0.0)
    config.aspect_ratios = [1.0, 2.0, 0.5]  # its default pairs are no square roots, as of the reference's first release
    torch.manual_seed(0)
    theirs = effdet.EfficientDet(config, pretrained_backbone=False).eval()
    _randomise(theirs)
    ours = build(compound=size, variant=variant, num_classes=3).eval()
    ours.load_state_dict(rename_effdet(theirs.state_dict()), strict=True)
    images = torch.randn(2, 3, 256, 256)
    with torch.no_grad():
        return effdet, config, theirs(images), ours, ours.bbox_head(ours.extract_feat(images))


def _randomise(detector):
    for name, buffer in detector.named_buffers():
        if name.endswith('running_mean'):
            buffer.normal_(0, 0.1)
        elif name.endswith('running_var'):
            buffer.uniform_(0.5, 1.5)
    for name, parameter in detector.named_parameters():
        if name.endswith('edge_weights'):
            parameter.data.uniform_(0.2, 1.5)
        elif name.endswith('predict.conv_pw.weight'):
            parameter.data.normal_(0, 0.05)


def test_outputs_equal_effdet(twins):
    _, _, (class_maps, box_maps), _, (scores, deltas) = twins
    for theirs, ours in zip(class_maps, scores, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=0)
    for theirs, ours in zip(box_maps, deltas, strict=True):
        ordered = theirs.unflatten(1, (9, 4))[:, :, [1, 0, 3, 2]].flatten(1, 2)
        torch.testing.assert_close(ours, ordered, atol=1e-4, rtol=0)


def test_anchors_assignment_and_losses_equal_effdet(twins):
    effdet, config, outputs, ours, predictions = twins
    from effdet.anchors import AnchorLabeler, Anchors
    from effdet.loss import DetectionLoss

    anchors = Anchors.from_config(config)
    sizes = [level.shape[-2:] for level in predictions[0]]
    mine = torch.cat(ours.bbox_head.prior_generator.grid_priors(sizes, device='cpu'))
    torch.testing.assert_close(mine, anchors.boxes[:, [1, 0, 3, 2]], atol=1e-4, rtol=0)

    truth = [_findings(seed) for seed in (1, 2)]
    labels, boxes, positives = AnchorLabeler(anchors, 3).batch_label_anchors(
        [found.bboxes[:, [1, 0, 3, 2]] for found in truth], [found.labels + 1 for found in truth]
    )
    _, class_loss, box_loss = DetectionLoss(config)(*outputs, labels, boxes, positives)
    losses = ours.bbox_head.loss_by_feat(*predictions, truth, [META] * 2)
    torch.testing.assert_close(sum(losses['loss_cls']), class_loss, rtol=1e-5, atol=0)
    torch.testing.assert_close(sum(losses['loss_bbox']), box_loss * config.box_loss_weight, rtol=1e-5, atol=0)


def _findings(seed):
    """Boxes off the grid of the anchors: effdet leaves out targets that are exactly 0."""
    draw = torch.Generator().manual_seed(seed)
    corner, size = torch.rand(4, 2, generator=draw) * 180, torch.rand(4, 2, generator=draw) * 60 + 12
    labels = torch.randint(0, 3, (4,), generator=draw)
    return InstanceData(bboxes=torch.cat([corner, corner + size], 1), labels=labels)


def test_computing_again_gives_the_same_outputs_gradients_and_statistics():
    states = []
    for recompute in (False, True):
        torch.manual_seed(0)
        detector = build(neck=dict(num_cells=1), bbox_head=dict(num_convs=1), recompute=recompute).double().train()
        outputs = detector(torch.randn(2, 3, 128, 128).double(), mode='tensor')
        total = sum(level.square().sum() for levels in outputs for level in levels)
        total.backward()
        gradients = {name: parameter.grad for name, parameter in detector.named_parameters()}
        states.append((total.detach(), gradients, detector.state_dict()))
    for plain, again in zip(*states):
        torch.testing.assert_close(again, plain)


def test_computing_another_backbone_again_is_refused():
    with pytest.raises(ValueError, match="timm's EfficientNet"):
        build(backbone=dict(model_name='resnet18'), neck=dict(in_channels=(128, 256, 512)), recompute=True)
