import math
from types import SimpleNamespace

import pytest
import torch
from mmdet.models.task_modules import SamplingResult
from mmengine.config import ConfigDict

from tests.models.small_models import HIDDEN, NUM_PROPOSALS, build, head_config, mmdet_sparse_rcnn_config

VIEWS, SLICES, POOL = 2, 3, 7
PROPOSALS = VIEWS * NUM_PROPOSALS
WHWH = torch.tensor([[48.0, 64.0, 48.0, 64.0]])
TRAIN = ConfigDict(pos_weight=1)


@pytest.fixture
def head():
    return varied(build(head_config()))


@torch.no_grad()
def varied(head):
    head.init_weights()
    for parameter in head.parameters():
        if parameter.dim() == 1:
            parameter.add_(0.1 * torch.randn_like(parameter))
    return head


def proposals():
    return torch.randn(VIEWS, NUM_PROPOSALS, HIDDEN)


def roi_feats(num_slices=SLICES):
    return torch.randn(PROPOSALS, num_slices, HIDDEN, POOL, POOL)


def assigned(matches, boxes, gt_boxes):
    """A view's assignment, `matches` mapping proposals to findings."""
    positive = torch.tensor(sorted(matches), dtype=torch.long)
    negative = torch.tensor([n for n in range(len(boxes)) if n not in matches], dtype=torch.long)
    gt_inds = torch.zeros(len(boxes), dtype=torch.long)
    for n, g in matches.items():
        gt_inds[n] = g + 1
    truth = SimpleNamespace(gt_inds=gt_inds, labels=torch.zeros(len(boxes), dtype=torch.long))
    return SamplingResult(positive, negative, boxes, gt_boxes, truth, torch.zeros(len(boxes), dtype=torch.uint8))


def test_shapes_of_every_step(head):
    attended = head.attend(proposals(), (1, 0))
    assert attended.shape == (VIEWS, NUM_PROPOSALS, HIDDEN)
    assert head.interact(attended.flatten(0, 1), roi_feats()).shape == (PROPOSALS, SLICES, HIDDEN)
    fused = head.fuse_slices(attended.flatten(0, 1), roi_feats())
    assert fused.features.shape == (PROPOSALS, HIDDEN) and fused.log_weights.shape == (PROPOSALS, SLICES)
    assert head.classify(attended).shape == (VIEWS, NUM_PROPOSALS, 1)
    assert head.malignancy_logits(attended).shape == (VIEWS, NUM_PROPOSALS)
    assert head.refine_boxes(torch.rand(VIEWS, NUM_PROPOSALS, 4), attended).shape == (VIEWS, NUM_PROPOSALS, 4)


def test_one_slice_and_no_partner_give_what_mmdets_head_gives(head):
    twin = build(mmdet_sparse_rcnn_config(num_stages=1).roi_head.bbox_head[0])
    weights = {k: v for k, v in head.state_dict().items() if not k.startswith('cross_view_attention.')}
    twin.load_state_dict(weights, strict=True)
    feats, rois = proposals(), roi_feats(num_slices=1)
    scores, deltas, object_feats, attention_feats = twin(rois[:, 0], feats)

    attended = head.attend(feats, (-1, -1))
    fused = head.fuse_slices(attended.flatten(0, 1), rois).features.view_as(attended)
    boxes = torch.tensor([4.0, 6.0, 24.0, 36.0]).expand(VIEWS, NUM_PROPOSALS, 4)
    torch.testing.assert_close(attended, attention_feats)
    torch.testing.assert_close(fused, object_feats)
    torch.testing.assert_close(head.classify(fused), scores)
    decoded = twin.bbox_coder.decode(boxes.reshape(-1, 4), deltas.reshape(-1, 4)).view_as(boxes)
    torch.testing.assert_close(head.refine_boxes(boxes, fused), decoded)


def test_slices_are_weighed_by_the_malignant_class():
    head = varied(build(dict(head_config(num_classes=2), malignant_class=1)))
    attended, rois = head.attend(proposals(), (1, 0)).flatten(0, 1), roi_feats()
    logits = head.classify(head.interact(attended, rois))
    torch.testing.assert_close(head.fuse_slices(attended, rois).log_weights, logits[..., 1].log_softmax(1))


def test_new_head_expects_one_malignant_proposal_in_a_hundred():
    head = build(head_config())
    head.init_weights()
    torch.testing.assert_close(head.fc_cls.bias.sigmoid(), torch.tensor([0.01]))


def test_regressed_deltas_move_boxes_in_their_own_scale(head):
    with torch.no_grad():
        head.fc_reg.weight.zero_()
        head.fc_reg.bias.copy_(torch.tensor([1.0, -1.0, math.log(2), 0.0]))
    boxes = torch.tensor([[[10.0, 10.0, 30.0, 50.0]]])
    # Standard deviations 0.5, 0.5, 1, 1: centre (20, 30) moves by half a width and half a height, width doubles.
    expected = torch.tensor([[[10.0, -10.0, 50.0, 30.0]]])
    torch.testing.assert_close(head.refine_boxes(boxes, torch.randn(1, 1, HIDDEN)), expected)


def test_gradients_reach_every_parameter(head):
    attended = head.attend(proposals(), (1, 0))
    fused = head.fuse_slices(attended.flatten(0, 1), roi_feats()).features.view_as(attended)
    boxes = head.refine_boxes(torch.tensor([4.0, 6.0, 24.0, 36.0]).expand(VIEWS, NUM_PROPOSALS, 4), fused)
    (head.classify(fused).square().sum() + boxes.square().sum()).backward()
    missing = [name for name, p in head.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert not missing


def test_perfect_box_costs_only_classification(head):
    gt_boxes = torch.tensor([[4.0, 6.0, 24.0, 36.0]])
    boxes = torch.cat([gt_boxes, gt_boxes + 9])
    scores = torch.zeros(1, 2, 1)
    losses = head.finding_losses(scores, boxes[None], [assigned({0: 0}, boxes, gt_boxes)], TRAIN, WHWH)
    # Focal loss at p = 1/2: weight 2 * (1/4 positive + 3/4 negative) * 1/4 * log 2, over one finding.
    assert float(losses['loss_cls']) == pytest.approx(2 * 0.25 * math.log(2), rel=1e-5)
    assert float(losses['loss_bbox']) == pytest.approx(0, abs=1e-6)
    assert float(losses['loss_iou']) == pytest.approx(0, abs=1e-5)


def test_box_losses_by_hand(head):
    gt_boxes = torch.tensor([[0.0, 0.0, 24.0, 32.0]])
    boxes = torch.tensor([[12.0, 0.0, 36.0, 32.0], [0.0, 0.0, 1.0, 1.0]])
    samples = [assigned({0: 0}, boxes, gt_boxes)]
    losses = head.finding_losses(torch.zeros(1, 2, 1), boxes[None], samples, TRAIN, WHWH)
    # Moved by a quarter of the image's width: L1 5 * (1/4 + 1/4). IoU 1/3, hull equals union: GIoU loss 2 * 2/3.
    assert float(losses['loss_bbox']) == pytest.approx(2.5, rel=1e-5)
    assert float(losses['loss_iou']) == pytest.approx(4 / 3, rel=1e-5)


def test_views_without_findings_are_normalised_by_one(head):
    boxes = torch.rand(3, 4).requires_grad_()
    scores = torch.zeros(1, 3, 1, requires_grad=True)
    samples = [assigned({}, boxes.detach(), torch.zeros(0, 4))]
    losses = head.finding_losses(scores, boxes[None], samples, TRAIN, WHWH)
    assert float(losses['loss_cls']) == pytest.approx(2 * 3 * 0.75 * 0.25 * math.log(2), rel=1e-5)
    assert float(losses['loss_bbox']) == float(losses['loss_iou']) == 0
    sum(losses.values()).backward()
    assert scores.grad.abs().sum() > 0 and torch.equal(boxes.grad, torch.zeros(3, 4))


def test_no_annotated_view_gives_zero_losses_with_live_gradients(head):
    scores, boxes = torch.zeros(0, 3, 1, requires_grad=True), torch.zeros(0, 3, 4, requires_grad=True)
    losses = head.finding_losses(scores, boxes, [], TRAIN, torch.zeros(0, 4))
    assert [float(value) for value in losses.values()] == [0.0] * 3
    sum(losses.values()).backward()
    assert scores.grad is not None and boxes.grad is not None
    assert float(head.slice_loss([], [], [])) == 0


def test_slice_loss_is_the_mean_negative_log_weight_of_the_annotated_slices(head):
    boxes, gt_boxes = torch.rand(3, 4), torch.rand(2, 4)
    log_weights = torch.tensor([[0.5, 0.25, 0.25], [0.2, 0.2, 0.6], [0.1, 0.8, 0.1]]).log()
    sample = assigned({2: 0, 0: 1}, boxes, gt_boxes)
    # Finding 0 (slice 1) is matched by proposal 2, finding 1 (slice 0) by proposal 0.
    loss = head.slice_loss([log_weights], [torch.tensor([1, 0])], [sample])
    assert float(loss) == pytest.approx(-(math.log(0.8) + math.log(0.5)) / 2)


def test_findings_without_an_annotated_slice_do_not_count(head):
    boxes, gt_boxes = torch.rand(2, 4), torch.rand(2, 4)
    log_weights = torch.tensor([[0.5, 0.5], [0.25, 0.75]]).log()
    sample = assigned({0: 0, 1: 1}, boxes, gt_boxes)
    assert float(head.slice_loss([log_weights], [torch.tensor([-1, 1])], [sample])) == pytest.approx(-math.log(0.75))
    assert float(head.slice_loss([log_weights], [torch.tensor([-1, -1])], [sample])) == 0


def test_views_of_different_slice_counts_share_one_slice_loss(head):
    boxes, gt_boxes = torch.rand(2, 4), torch.rand(1, 4)
    weights = [torch.tensor([[0.5, 0.5], [0.5, 0.5]]).log(), torch.zeros(2, 1), torch.full((2, 4), 0.25).log()]
    samples = [assigned({0: 0}, boxes, gt_boxes), assigned({}, boxes, gt_boxes[:0]), assigned({1: 0}, boxes, gt_boxes)]
    slices = [torch.tensor([1]), torch.zeros(0, dtype=torch.long), torch.tensor([3])]
    assert float(head.slice_loss(weights, slices, samples)) == pytest.approx((math.log(2) + math.log(4)) / 2)


def test_findings_of_single_slices_do_not_thin_the_loss_of_volumes(head):
    boxes, gt_boxes = torch.rand(2, 4), torch.rand(1, 4)
    volume, mammogram = torch.full((2, 4), 0.25).log(), torch.zeros(2, 1)
    sample = assigned({0: 0}, boxes, gt_boxes)
    slices = [torch.tensor([3]), torch.tensor([0])]
    assert float(head.slice_loss([volume, mammogram], slices, [sample, sample])) == pytest.approx(math.log(4))


def test_softmax_classification_is_refused():
    with pytest.raises(ValueError, match='sigmoid'):
        build(dict(head_config(), loss_cls=dict(type='CrossEntropyLoss', use_sigmoid=False)))


@pytest.mark.parametrize('malignant_class', [-1, 1])
def test_malignant_class_must_exist(malignant_class):
    with pytest.raises(ValueError, match=f'malignant_class {malignant_class} is outside the 1 classes'):
        build(dict(head_config(), malignant_class=malignant_class))


def test_regressed_positions_are_compared_with_the_middle_of_the_bin(head):
    boxes, gt_boxes = torch.rand(2, 4), torch.rand(1, 4)
    positions = torch.tensor([0.9, 0.5], requires_grad=True)
    log_weights = torch.full((2, 4), 0.25).log()
    sample = assigned({1: 0}, boxes, gt_boxes)
    loss = head.slice_loss([log_weights], [torch.tensor([3])], [sample], [positions])
    assert float(loss) == pytest.approx(0.875 - 0.5)  # bin 3 of 4 reaches from 0.75 to 1
    loss.backward()
    assert positions.grad.tolist() == [0, -1]
