import pytest
import torch

from mammo_plugins.structures.decisive_slice import decisive_slice
from tests.models.small_cases import (
    LESION,
    NEGATIVE,
    SAME_LESION,
    UNANNOTATED,
    SmallView,
    make_features,
    run_roi_head,
)
from tests.models.small_models import HIDDEN, NUM_PROPOSALS, build, build_roi_head, roi_head_config

PAIR = [[LESION, SAME_LESION]]
CLOSE = dict(rtol=1e-5, atol=1e-5)


def with_slices(breasts, num_slices):
    return [[SmallView(num_slices, view.boxes) for view in views] for views in breasts]


def assert_same_view(output, view, other, other_view):
    """All that a head says about a view, slice weights included."""
    for name in ('cls_scores', 'boxes', 'object_feats', 'log_weights'):
        torch.testing.assert_close(getattr(output, name)[view], getattr(other, name)[other_view], **CLOSE)


def test_every_stage_says_something_of_every_view():
    parts = build_roi_head(num_stages=2, num_classes=2)
    breasts = [[LESION, SAME_LESION], [SmallView()]]
    outputs = run_roi_head(parts, make_features(breasts), breasts, 'forward')
    assert len(outputs) == 2
    for output in outputs:
        assert output.cls_scores.shape == (3, NUM_PROPOSALS, 2)
        assert output.boxes.shape == (3, NUM_PROPOSALS, 4)
        assert output.object_feats.shape == (3, NUM_PROPOSALS, HIDDEN)
        assert [tuple(weights.shape) for weights in output.log_weights] == [(NUM_PROPOSALS, s) for s in (3, 3, 1)]


@torch.no_grad()
def test_identical_slices_give_what_one_slice_gives():
    parts = build_roi_head(num_stages=3)
    one, many = with_slices(PAIR, 1), with_slices(PAIR, 4)
    features = make_features(one)
    repeated = tuple(level.repeat_interleave(4, dim=0) for level in features)
    for single, multiple in zip(
        run_roi_head(parts, features, one, 'forward'), run_roi_head(parts, repeated, many, 'forward')
    ):
        torch.testing.assert_close(multiple.cls_scores, single.cls_scores, **CLOSE)
        torch.testing.assert_close(multiple.boxes, single.boxes, **CLOSE)
        for weights in multiple.log_weights:
            torch.testing.assert_close(weights.exp(), torch.full_like(weights, 0.25), **CLOSE)


@torch.no_grad()
def test_permuting_slices_permutes_the_weights_and_nothing_else():
    parts = build_roi_head(num_stages=3)
    breasts = with_slices(PAIR, 4)
    features, order = make_features(breasts), torch.tensor([2, 0, 3, 1])
    permuted = tuple(torch.cat([level[:4], level[4:][order]]) for level in features)  # of the second view
    for straight, mixed in zip(
        run_roi_head(parts, features, breasts, 'forward'), run_roi_head(parts, permuted, breasts, 'forward')
    ):
        torch.testing.assert_close(mixed.cls_scores, straight.cls_scores, **CLOSE)
        torch.testing.assert_close(mixed.boxes, straight.boxes, **CLOSE)
        torch.testing.assert_close(mixed.log_weights[0], straight.log_weights[0], **CLOSE)
        torch.testing.assert_close(mixed.log_weights[1], straight.log_weights[1][:, order], **CLOSE)
        assert not torch.allclose(straight.log_weights[1], straight.log_weights[1][:, order], **CLOSE)


@torch.no_grad()
def test_swapping_the_views_swaps_the_outputs():
    parts = build_roi_head(num_stages=3)
    features = make_features(PAIR)
    swapped = tuple(torch.cat([level[3:], level[:3]]) for level in features)
    for straight, other in zip(
        run_roi_head(parts, features, PAIR, 'forward'), run_roi_head(parts, swapped, [PAIR[0][::-1]], 'forward')
    ):
        for view in range(2):
            assert_same_view(other, 1 - view, straight, view)


@torch.no_grad()
def test_each_breast_of_a_mixed_batch_gets_what_it_gets_alone():
    parts = build_roi_head(num_stages=3)
    breasts = [
        [SmallView(1), SmallView(4)],
        [SmallView(4)],
        [SmallView(1), SmallView(1)],
        [SmallView(4), SmallView(2)],
    ]
    features = make_features(breasts)
    together = run_roi_head(parts, features, breasts, 'forward')
    image = view = 0
    for views in breasts:
        count = sum(v.num_slices for v in views)
        alone = run_roi_head(parts, tuple(level[image : image + count] for level in features), [views], 'forward')
        for stage in range(3):
            for offset in range(len(views)):
                assert_same_view(together[stage], view + offset, alone[stage], offset)
        image, view = image + count, view + len(views)


@pytest.mark.parametrize('aligned', [True, False])
def test_prediction_says_what_training_says(aligned):
    """They pool and multiply in other orders. A later head may pool in a way that cannot be shared."""
    parts = build_roi_head(num_stages=3)
    for layer in parts.roi_head.bbox_roi_extractor[2].roi_layers:
        layer.aligned = aligned
    breasts = [[SmallView(1), SmallView(4)], [SmallView(4)], [SmallView(2), SmallView(4)]]
    features = make_features(breasts)
    in_training = run_roi_head(parts, features, breasts, 'forward')
    with torch.no_grad():
        in_prediction = run_roi_head(parts, features, breasts, 'forward')
    for one, other in zip(in_training, in_prediction):
        for view in range(5):
            assert_same_view(other, view, one, view)


@torch.no_grad()
def test_other_view_matters_where_there_is_one():
    parts = build_roi_head()
    features = make_features(PAIR)
    changed = tuple(torch.cat([level[:3], torch.randn_like(level[3:])]) for level in features)
    last, other = (run_roi_head(parts, f, PAIR, 'forward')[-1] for f in (features, changed))
    assert not torch.allclose(last.cls_scores[0], other.cls_scores[0])


@torch.no_grad()
def test_zeros_beyond_the_image_change_nothing_inside():
    parts = build_roi_head(num_stages=3)
    parts.rpn_head.init_proposal_bboxes.weight[:, 2:].clamp_(max=0.5)
    for head in parts.roi_head.bbox_head:  # boxes stay where they are, away from the border
        torch.nn.init.zeros_(head.fc_reg.weight)
        torch.nn.init.zeros_(head.fc_reg.bias)
    features = make_features(PAIR)
    padded = tuple(torch.nn.functional.pad(level, (0, 5, 0, 7)) for level in features)
    for tight, wide in zip(
        run_roi_head(parts, features, PAIR, 'forward'), run_roi_head(parts, padded, PAIR, 'forward')
    ):
        for view in range(2):
            assert_same_view(wide, view, tight, view)


@torch.no_grad()
@pytest.mark.parametrize('breasts', [with_slices(PAIR, 5), [[SmallView(5)], [SmallView(1), SmallView(5)]]])
def test_dynamic_kernels_are_generated_once_a_proposal(breasts):
    parts = build_roi_head(num_stages=2)
    rows = [0, 0]

    def count(stage):
        def hook(module, args, output):
            rows[stage] += len(args[0])

        return hook

    for stage, head in enumerate(parts.roi_head.bbox_head):
        head.instance_interactive_conv.dynamic_layer.register_forward_hook(count(stage))
    run_roi_head(parts, make_features(breasts), breasts, 'forward')
    assert rows == [sum(map(len, breasts)) * NUM_PROPOSALS] * 2


def total_and_gradients(parts, breasts):
    features = tuple(level.requires_grad_() for level in make_features(breasts))
    losses = run_roi_head(parts, features, breasts, 'loss')
    sum(losses.values()).backward()
    return losses, features


def test_gradients_reach_every_parameter_and_every_feature_level():
    parts = build_roi_head(num_stages=2)
    _, features = total_and_gradients(parts, PAIR)
    missing = [name for name, p in parts.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert not missing
    assert all(level.grad.abs().sum() > 0 for level in features[:3])


def test_negative_batch_has_finite_losses_normalised_by_one():
    parts = build_roi_head(num_stages=2)
    breasts = [[NEGATIVE, NEGATIVE], [SmallView()]]
    features = make_features(breasts)
    losses = run_roi_head(parts, features, breasts, 'loss')
    for stage, output in enumerate(run_roi_head(parts, features, breasts, 'forward')):
        p = output.cls_scores.sigmoid()
        background = -2 * 0.75 * p**2 * torch.log(1 - p)
        torch.testing.assert_close(losses[f's{stage}.loss_cls'], background.sum(), rtol=1e-6, atol=0)
        assert all(float(losses[f's{stage}.loss_{name}']) == 0 for name in ('bbox', 'iou', 'slice'))
    sum(losses.values()).backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in parts.parameters())


def test_unannotated_batch_learns_from_image_labels_only():
    parts = build_roi_head(num_stages=2)
    losses, _ = total_and_gradients(parts, [[UNANNOTATED, UNANNOTATED], [UNANNOTATED]])
    assert all(float(value) == 0 for name, value in losses.items() if 'mil' not in name)
    assert all(float(value) > 0 for name, value in losses.items() if 'mil' in name)
    gradients = {name: p.grad for name, p in parts.named_parameters()}
    assert gradients['roi_head.bbox_head.1.fc_cls.weight'].abs().sum() > 0
    assert gradients['rpn_head.init_proposal_features.weight'].abs().sum() > 0
    assert gradients['roi_head.bbox_head.1.fc_reg.weight'].abs().sum() == 0


def test_boxes_of_an_unannotated_view_are_ignored():
    boxes = [[1, 2, 11, 12]]
    parts = build_roi_head()
    hidden = [[LESION, SmallView(3, boxes, annotated=False)]]
    without = [[LESION, SmallView(3, malignant=1.0, annotated=False)]]
    features = make_features(hidden)
    torch.testing.assert_close(
        run_roi_head(parts, features, hidden, 'loss'), run_roi_head(parts, features, without, 'loss')
    )


def test_findings_of_the_other_breast_do_not_leak():
    """A finding adds its terms to the sums; only the common normaliser ties the breasts of a batch."""
    parts = build_roi_head(mil=False)
    breasts = [[LESION], [SAME_LESION]]
    features = make_features(breasts)
    both = run_roi_head(parts, features, breasts, 'loss')
    first, second = (
        run_roi_head(parts, tuple(level[3 * i : 3 * i + 3] for level in features), [breasts[i]], 'loss')
        for i in range(2)
    )
    torch.testing.assert_close(both, {k: (first[k] + second[k]) / 2 for k in both}, rtol=1e-6, atol=1e-9)


def losses_with(**overrides):
    torch.manual_seed(1)
    parts = build_roi_head(num_stages=2, **overrides)
    return run_roi_head(parts, make_features(PAIR), PAIR, 'loss')


def test_slice_loss_can_be_left_to_the_last_head():
    every, last = losses_with(), losses_with(slice_loss_stages='last', slice_loss_weight=0.5)
    assert {'s0.loss_slice', 's1.loss_slice'} <= every.keys()
    assert 's0.loss_slice' not in last
    torch.testing.assert_close(last['s1.loss_slice'], 0.5 * every['s1.loss_slice'])


def test_image_labels_can_train_every_head():
    last, every = losses_with(), losses_with(mil_stages='all')
    assert 's0.loss_mil_image' not in last and 's1.loss_mil_breast' in last
    assert {'s0.loss_mil_image', 's0.loss_mil_breast', 's1.loss_mil_image', 's1.loss_mil_breast'} <= every.keys()


def test_without_image_losses_only_findings_train():
    assert not [name for name in losses_with(mil=False) if 'mil' in name]


def test_stage_weights_scale_the_losses_of_their_head():
    plain, weighted = losses_with(), losses_with(stage_loss_weights=[0.5, 2.0])
    expected = {name: value * (0.5 if name.startswith('s0') else 2.0) for name, value in plain.items()}
    torch.testing.assert_close(weighted, expected)


@torch.no_grad()
def test_prediction_ranks_findings_and_names_their_slice():
    parts = build_roi_head(num_classes=2)
    parts.roi_head.test_cfg.max_per_img = 3
    features = make_features(PAIR)
    last = run_roi_head(parts, features, PAIR, 'forward')[-1]
    for view, found in enumerate(run_roi_head(parts, features, PAIR, 'predict')):
        assert len(found) == 3 and found.slice_weights.shape == (3, 3)
        scores = last.cls_scores[view].sigmoid()
        torch.testing.assert_close(found.scores, scores.flatten().sort(descending=True).values[:3])
        assert found.slices.tolist() == decisive_slice(found.slice_weights).tolist()
        for score, label, box in zip(found.scores, found.labels, found.bboxes):
            proposal = int((last.boxes[view] - box).abs().amax(1).argmin())
            torch.testing.assert_close(last.boxes[view, proposal], box)
            torch.testing.assert_close(score, scores[proposal, label])
        none_malignant = torch.prod(1 - scores[:, 0])
        assert found.malignancy == pytest.approx(float(1 - none_malignant))


@torch.no_grad()
def test_image_scores_resolve_the_surest_cases():
    parts = build_roi_head().float()
    head = parts.roi_head.bbox_head[-1]
    torch.nn.init.zeros_(head.fc_cls.weight)
    breasts = [[SmallView()]]
    features = tuple(level.float() for level in make_features(breasts))
    scores = []
    for bias in (-50.0, -49.0, 5.0, 6.0):
        torch.nn.init.constant_(head.fc_cls.bias, bias)
        scores.append(run_roi_head(parts, features, breasts, 'predict')[0].malignancy)
    assert scores == sorted(set(scores)) and scores[0] > 0 and scores[-1] < 1


@pytest.mark.parametrize('argument', ['slice_loss_stages', 'mil_stages'])
def test_unknown_choice_of_stages_is_quoted(argument):
    with pytest.raises(ValueError, match=f"{argument} must be 'all' or 'last', got 'first'"):
        build(roi_head_config(**{argument: 'first'}))


def test_rescaling_is_left_to_the_detector():
    parts = build_roi_head()
    with pytest.raises(ValueError, match=r'MultiViewSparseRCNN\.predict rescales'):
        parts.roi_head.predict(make_features(PAIR), [], [], rescale=True)
