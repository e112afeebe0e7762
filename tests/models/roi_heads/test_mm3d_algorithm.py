"""The RoI head against the slow transcription of Algorithm 1 and Eq. 7, in double precision."""

from __future__ import annotations

import pytest
import torch

from tests.models.small_cases import (
    IMAGE_SIZE,
    LESION,
    NEGATIVE,
    SAME_LESION,
    UNANNOTATED,
    SmallView,
    make_cases,
    make_features,
    run_roi_head,
)
from tests.models.small_models import ATTENTION_HEADS, CROSS_ATTENTION_HEADS, FINEST_SCALE, STRIDES, build_roi_head
from tests.references.mm3d_algorithm import MM3DReference, ReferenceOutput, ReferenceView
from tests.references.mm3d_losses import ReferenceTarget, total_losses
from tests.references.mnm_2d import MNM2DReference

ONE_VIEW = [[LESION]]
BOTH_VIEWS = [[LESION, SAME_LESION]]
FFDM = [[SmallView(boxes=[[10, 12, 24, 30]]), SmallView(boxes=[[20, 30, 33, 50]])]]
MIXED = [
    [LESION, SAME_LESION],
    [SmallView(num_slices=3, boxes=[[4, 5, 12, 17], [25, 30, 40, 60]], slices=[0, -1])],
    [UNANNOTATED, UNANNOTATED],
    [NEGATIVE, NEGATIVE],
    [SmallView(num_slices=1, boxes=[[5, 5, 20, 20]]), SmallView(num_slices=2)],
]
NO_FINDING = [[NEGATIVE, NEGATIVE], [SmallView()]]
NO_ANNOTATION = [[UNANNOTATED, UNANNOTATED], [UNANNOTATED]]

BATCHES = dict(
    one_view=ONE_VIEW, both_views=BOTH_VIEWS, ffdm=FFDM, mixed=MIXED, no_finding=NO_FINDING, no_annotation=NO_ANNOTATION
)


def run_reference(
    parts, features, breasts, malignant_class: int = 0, algorithm: type[MM3DReference] = MM3DReference
) -> list[ReferenceOutput]:
    """Runs Algorithm 1 on each breast alone."""
    reference = algorithm(
        dict(parts.named_parameters()),
        parts.roi_head.num_stages,
        STRIDES,
        FINEST_SCALE,
        ATTENTION_HEADS,
        CROSS_ATTENTION_HEADS,
        malignant_class=malignant_class,
    )
    outputs, start = [], 0
    for views in breasts:
        inputs = []
        for view in views:
            inputs.append(ReferenceView([level[start : start + view.num_slices] for level in features], IMAGE_SIZE))
            start += view.num_slices
        outputs.append(reference.forward(inputs))
    return outputs


def reference_losses(outputs: list[ReferenceOutput], breasts) -> dict[str, torch.Tensor]:
    """Eq. 7 of a batch."""
    cases = make_cases(breasts, torch.float64)
    targets = [
        [
            ReferenceTarget(
                view.gt_instances.bboxes,
                view.gt_instances.labels,
                view.gt_instances.slices,
                view.annotated,
                float(malignant),
                view.img_shape,
            )
            for view, malignant in zip(case.views, case.gt_malignancy.views)
        ]
        for case in cases
    ]
    return total_losses(outputs, targets, [float(case.gt_malignancy.breast) for case in cases])


@pytest.mark.parametrize('name', BATCHES)
def test_every_head_gives_what_algorithm_1_gives(name):
    breasts = BATCHES[name]
    parts = build_roi_head(num_stages=3)
    features = make_features(breasts)
    with torch.no_grad():
        stages = run_roi_head(parts, features, breasts, 'forward')
        expected = [view_heads for output in run_reference(parts, features, breasts) for view_heads in output.heads]
    for stage, output in enumerate(stages):
        for view, heads in enumerate(expected):
            close = dict(rtol=1e-9, atol=1e-9)
            torch.testing.assert_close(output.cls_scores[view], heads[stage].logits, **close)
            torch.testing.assert_close(output.boxes[view], heads[stage].boxes, **close)
            torch.testing.assert_close(output.object_feats[view], heads[stage].features, **close)
            torch.testing.assert_close(output.log_weights[view].exp(), heads[stage].slice_weights.T, **close)


@pytest.mark.parametrize('name', BATCHES)
def test_losses_and_gradients_are_those_of_equation_7(name):
    breasts = BATCHES[name]
    parts = build_roi_head(num_stages=3)
    features = make_features(breasts)
    losses = run_roi_head(parts, features, breasts, 'loss')
    expected = reference_losses(run_reference(parts, features, breasts), breasts)

    expected = {f's2.{key}' if key.startswith('loss_mil') else key: value for key, value in expected.items()}
    assert losses.keys() == expected.keys()
    for key, value in losses.items():
        torch.testing.assert_close(
            value, expected[key], rtol=1e-6, atol=1e-9, check_dtype=False, msg=lambda m, k=key: f'{k}: {m}'
        )

    parameters = list(parts.parameters())
    gradients = torch.autograd.grad(sum(losses.values()), parameters, allow_unused=True)
    expected_gradients = torch.autograd.grad(sum(expected.values()), parameters, allow_unused=True)
    for (parameter, _), gradient, reference in zip(parts.named_parameters(), gradients, expected_gradients):
        gradient, reference = (torch.zeros(()) if g is None else g for g in (gradient, reference))
        torch.testing.assert_close(
            *torch.broadcast_tensors(gradient, reference.to(gradient)),
            rtol=1e-5,
            atol=1e-7,
            msg=lambda m, p=parameter: f'{p}: {m}',
        )


def test_six_heads_agree_with_algorithm_1():
    parts = build_roi_head(num_stages=6)
    features = make_features(BOTH_VIEWS)
    with torch.no_grad():
        instances = run_roi_head(parts, features, BOTH_VIEWS, 'predict')
        losses = run_roi_head(parts, features, BOTH_VIEWS, 'loss')
        (expected,) = run_reference(parts, features, BOTH_VIEWS)
        expected_losses = reference_losses([expected], BOTH_VIEWS)
    for view, found in enumerate(instances):
        order = torch.argsort(expected.boxes_score[view][:, 0], descending=True)
        torch.testing.assert_close(found.bboxes, expected.boxes_2d[view][order], rtol=1e-9, atol=1e-9)
        torch.testing.assert_close(found.scores, expected.boxes_score[view][order, 0].sigmoid(), rtol=1e-9, atol=1e-9)
        torch.testing.assert_close(found.slice_weights, expected.slice_weights[view].T[order], rtol=1e-9, atol=1e-9)
        assert found.slices.tolist() == expected.boxes_z[view][order].tolist()
        assert found.malignancy == pytest.approx(float(expected.image_scores[view]), rel=1e-9)
    torch.testing.assert_close(sum(losses.values()), sum(expected_losses.values()), rtol=1e-5, atol=0)
    assert [key for key in losses if 'slice' in key] == [f's{i}.loss_slice' for i in range(6)]


def test_second_class_can_be_the_malignant_one():
    breasts = [
        [SmallView(num_slices=3, boxes=[[4, 5, 12, 17], [25, 30, 40, 60]], labels=[1, 0], slices=[2, 0]), NEGATIVE]
    ]
    parts = build_roi_head(num_classes=2)
    for head in parts.roi_head.bbox_head:
        head.malignant_class = 1
    features = make_features(breasts)
    losses = run_roi_head(parts, features, breasts, 'loss')
    expected = reference_losses(run_reference(parts, features, breasts, malignant_class=1), breasts)
    torch.testing.assert_close(sum(losses.values()), sum(expected.values()), rtol=1e-6, atol=0)


def test_one_slice_gives_what_the_2d_detector_gives():
    parts = build_roi_head(num_stages=3)
    features = make_features(FFDM)
    with torch.no_grad():
        stages = run_roi_head(parts, features, FFDM, 'forward')
        (expected,) = run_reference(parts, features, FFDM, algorithm=MNM2DReference)
        losses = run_roi_head(parts, features, FFDM, 'loss')
        expected_losses = reference_losses([expected], FFDM)
    for stage, output in enumerate(stages):
        for view in range(2):
            torch.testing.assert_close(output.cls_scores[view], expected.heads[view][stage].logits)
            torch.testing.assert_close(output.boxes[view], expected.heads[view][stage].boxes)
    torch.testing.assert_close(sum(losses.values()), sum(expected_losses.values()), rtol=1e-6, atol=0)
    assert all(float(losses[f's{stage}.loss_slice']) == 0 for stage in range(3))
