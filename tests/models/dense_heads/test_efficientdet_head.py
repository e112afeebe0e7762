import math

import pytest
import torch
from mmdet.registry import MODELS
from mmengine.structures import InstanceData

from mammo_plugins.models.dense_heads.efficientdet_head import efficientdet_anchors
from mammo_plugins.models.detectors.efficientdet import TEST_CFG, TRAIN_CFG

SIZES = [(16, 16), (8, 8), (4, 4), (2, 2), (1, 1)]
META = dict(img_shape=(128, 128), pad_shape=(128, 128), batch_input_shape=(128, 128), scale_factor=(1.0, 1.0))


def build(**changes):
    config = dict(type='EfficientDetHead', num_classes=2, in_channels=8, train_cfg=TRAIN_CFG, test_cfg=TEST_CFG)
    head = MODELS.build({**config, **changes})
    head.init_weights()
    return head


def levels(batch=2):
    return [torch.randn(batch, 8, *size) for size in SIZES]


def instances(boxes=(), labels=()):
    return InstanceData(bboxes=torch.tensor(boxes).reshape(-1, 4), labels=torch.tensor(labels, dtype=torch.long))


def losses(head, outputs, truth):
    found = head.loss_by_feat(*outputs, truth, [META] * len(truth))
    return sum(found['loss_cls']), sum(found['loss_bbox'])


def test_predicts_nine_anchors_a_cell_at_one_percent():
    scores, boxes = build()(levels())
    assert [tuple(level.shape) for level in scores] == [(2, 18, *size) for size in SIZES]
    assert [tuple(level.shape) for level in boxes] == [(2, 36, *size) for size in SIZES]
    assert build().class_tower.predict.pointwise.bias.tolist() == pytest.approx([-math.log(99)] * 18)


def test_towers_share_convolutions_and_keep_norms_apart():
    head = build()
    assert len(head.class_tower.convs) == 3
    assert [len(norms) for norms in head.class_tower.norms] == [5, 5, 5]


def test_losses_are_those_of_the_formula():
    """Focal loss and 50 x Huber(0.1) / 4, each summed and divided by the positive anchors plus one."""
    head, truth = build(), [instances([[20.3, 30.7, 60.9, 66.1]], [1]), instances()]
    outputs = head(levels())
    anchors, valid = head.get_anchors(SIZES, [META] * 2, device='cpu')
    labels, _, targets, weights, factor = head.get_targets(anchors, valid, truth, [META] * 2)
    flat_labels = torch.cat(labels, 1)
    positive = int((flat_labels < 2).sum())
    assert positive > 0 and factor.item() == positive + 1
    logits = torch.cat([level.permute(0, 2, 3, 1).reshape(2, -1, 2) for level in outputs[0]], 1)
    deltas = torch.cat([level.permute(0, 2, 3, 1).reshape(2, -1, 4) for level in outputs[1]], 1)
    one_hot = torch.nn.functional.one_hot(flat_labels, 3)[..., :2].float()
    p = logits.sigmoid()
    p_true = torch.where(one_hot == 1, p, 1 - p)
    alpha = torch.where(one_hot == 1, 0.25, 0.75)
    focal = (-alpha * (1 - p_true) ** 1.5 * p_true.log()).sum() / (positive + 1)
    off = (deltas - torch.cat(targets, 1)).abs()
    huber = torch.where(off < 0.1, off**2 / 2, 0.1 * (off - 0.05))
    box = 50 * (huber * torch.cat(weights, 1)).sum() / (4 * (positive + 1))
    class_loss, box_loss = losses(head, outputs, truth)
    torch.testing.assert_close(class_loss, focal)
    torch.testing.assert_close(box_loss, box)


def test_batch_without_a_finding_has_live_gradients():
    head = build()
    class_loss, box_loss = losses(head, head(levels()), [instances(), instances()])
    assert box_loss == 0 and 0 < class_loss < math.inf
    (class_loss + box_loss).backward()
    assert all(parameter.grad is not None for parameter in head.parameters())


def test_every_parameter_gets_a_gradient():
    head = build()
    sum(losses(head, head(levels()), [instances([[20.3, 30.7, 60.9, 66.1]], [1])] * 2)).backward()
    assert [name for name, parameter in head.named_parameters() if parameter.grad is None] == []


def test_perfect_boxes_are_decoded_to_the_finding():
    head, box = build(), torch.tensor([[20.3, 30.7, 60.9, 66.1]])
    anchors = torch.cat(head.prior_generator.grid_priors(SIZES, device='cpu'))
    deltas = head.bbox_coder.encode(anchors, box.expand(len(anchors), 4))
    best = head.bbox_coder.decode(anchors, deltas)
    torch.testing.assert_close(best, box.expand_as(best), atol=1e-3, rtol=0)


def test_smallest_anchors_have_four_strides_and_centres_between_cells():
    anchors = build().prior_generator.grid_priors(SIZES, device='cpu')[0][:9]
    sides = anchors[:, 2:] - anchors[:, :2]
    assert sides.prod(1).sqrt().tolist() == pytest.approx([32 * 2 ** (i / 3) for i in range(3) for _ in range(3)])
    assert (sides[:, 0] / sides[:, 1])[:3].tolist() == pytest.approx([1, 2, 0.5])
    assert ((anchors[:, :2] + anchors[:, 2:]) / 2).unique().tolist() == pytest.approx([4])


def test_strides_for_another_number_of_levels_are_refused():
    with pytest.raises(ValueError, match='5 strides, but the head has 6 levels'):
        build(num_levels=6, anchor_generator=efficientdet_anchors(num_levels=5))
