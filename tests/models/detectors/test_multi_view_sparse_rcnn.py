import numpy as np
import pytest
import torch

from mammo_plugins.structures import SliceBins
from mammo_plugins.structures.decisive_slice import decisive_slice
from tests.models.small_cases import (
    LESION,
    NEGATIVE,
    SAME_LESION,
    UNANNOTATED,
    SmallView,
    make_batch,
    make_cases,
    make_volumes,
)
from tests.models.small_models import NUM_PROPOSALS, build, build_detector, detector_config

FFDM = [[SmallView(boxes=[[10, 12, 24, 30]]), SmallView()]]
DBT = [[LESION, SAME_LESION]]


def predict(detector, breasts, volumes=None, **arguments):
    detector.eval()
    batch = make_batch(detector, breasts, volumes)
    with torch.no_grad():
        return detector.predict(batch['inputs'], batch['data_samples'], **arguments)


def test_weights_of_the_2d_detector_load_into_the_3d_detector():
    trained_on_ffdm, for_dbt = build_detector(), build_detector()
    trained_on_ffdm(**make_batch(trained_on_ffdm, FFDM), mode='loss')
    for_dbt(**make_batch(for_dbt, DBT), mode='loss')
    missing, unexpected = for_dbt.load_state_dict(trained_on_ffdm.state_dict(), strict=False)
    assert not missing and not unexpected
    assert predict(for_dbt, DBT)[0].pred_malignancy > 0


def test_slice_count_adds_no_parameter():
    detector = build_detector()
    before = [name for name, _ in detector.named_parameters()]
    for breasts in (FFDM, DBT):
        detector(**make_batch(detector, breasts), mode='loss')
    assert [name for name, _ in detector.named_parameters()] == before


def test_volume_of_identical_slices_gives_what_its_slice_gives():
    detector = build_detector(num_stages=3)
    volumes = make_volumes(FFDM)
    stacked = [[volume.expand(4, -1, -1, -1) for volume in views] for views in volumes]
    (flat,) = predict(detector, FFDM, volumes)
    (deep,) = predict(detector, [[SmallView(4), SmallView(4)]], stacked)
    assert deep.pred_malignancy == pytest.approx(flat.pred_malignancy, abs=1e-5)
    for view, reference in zip(deep.views, flat.views):
        found, expected = view.pred_instances, reference.pred_instances
        torch.testing.assert_close(found.scores, expected.scores, rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(found.bboxes, expected.bboxes, rtol=1e-5, atol=1e-3)


def test_ffdm_and_volumes_share_a_batch():
    detector = build_detector()
    breasts = [*FFDM, [SmallView(4)], [SmallView(1), SmallView(4)]]
    volumes = make_volumes(breasts)
    together = predict(detector, breasts, volumes)
    for case, views, inputs in zip(together, breasts, volumes):
        (alone,) = predict(detector, [views], [inputs])
        assert case.pred_malignancy == pytest.approx(alone.pred_malignancy, abs=1e-5)
        for view, reference in zip(case.views, alone.views):
            torch.testing.assert_close(
                view.pred_instances.slice_weights, reference.pred_instances.slice_weights, rtol=1e-4, atol=1e-5
            )


def test_gradients_reach_every_parameter():
    detector = build_detector()
    losses = detector(**make_batch(detector, [*DBT, *FFDM]), mode='loss')
    detector.parse_losses(losses)[0].backward()
    missing = [name for name, p in detector.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert not missing


@pytest.mark.parametrize(
    'breasts', [[[NEGATIVE, NEGATIVE], [SmallView()]], [[UNANNOTATED], [UNANNOTATED, UNANNOTATED]]]
)
def test_batch_without_findings_trains(breasts):
    detector = build_detector()
    total, _ = detector.parse_losses(detector(**make_batch(detector, breasts), mode='loss'))
    total.backward()
    assert total.isfinite()
    assert all(p.grad is None or p.grad.isfinite().all() for p in detector.parameters())
    assert detector.backbone.conv1.weight.grad.abs().sum() > 0


def test_prediction_has_what_the_sample_promises():
    (case,) = predict(build_detector(), DBT)
    assert 0 < case.pred_malignancy < 1
    assert case.pred_malignancy == pytest.approx(sum(view.pred_malignancy for view in case.views) / 2)
    for view in case.views:
        found = view.pred_instances
        assert found.bboxes.shape == (NUM_PROPOSALS, 4) and found.slice_weights.shape == (NUM_PROPOSALS, 3)
        assert found.labels.tolist() == [0] * NUM_PROPOSALS
        assert ((found.scores > 0) & (found.scores < 1)).all()
        torch.testing.assert_close(found.slice_weights.sum(1), torch.ones(NUM_PROPOSALS))


@pytest.mark.parametrize('flips', [(), (0,), (1,), (0, 1)])
def test_boxes_return_to_stored_pixels(flips):
    """The network saw a stored image of twice the size and 6 pixels more, cropped, resized and flipped."""
    height, width = SmallView().image_size
    to_network = np.diag([0.5, 0.5, 1.0]) @ np.array([[1, 0, -2.0], [0, 1, -4.0], [0, 0, 1]])
    for axis, size in zip((0, 1), (width, height)):
        if axis in flips:
            flip = np.eye(3)
            flip[axis, axis], flip[axis, 2] = -1, size
            to_network = flip @ to_network
    detector = build_detector().eval()
    batch = make_batch(detector, FFDM)
    view = batch['data_samples'][0].views[0]
    view.set_metainfo(dict(homography_matrix=to_network, ori_shape=(2 * height + 6, 2 * width + 6)))
    with torch.no_grad():
        network = (
            detector.predict(batch['inputs'], batch['data_samples'], rescale=False)[0].views[0].pred_instances.bboxes
        )
        stored = detector.predict(batch['inputs'], batch['data_samples'])[0].views[0].pred_instances.bboxes

    corners = network.double()
    for axis, size in zip((0, 1), (width, height)):
        if axis in flips:
            corners[:, [axis, axis + 2]] = size - corners[:, [axis + 2, axis]]
    expected = corners * 2 + torch.tensor([2.0, 4, 2, 4])
    limits = torch.tensor([2 * width + 6, 2 * height + 6] * 2).double()
    torch.testing.assert_close(stored, torch.minimum(expected.clamp(min=0), limits))
    assert not torch.equal(stored, network.double())


def test_boxes_end_at_the_border_of_the_stored_image():
    detector = build_detector()
    with torch.no_grad():
        detector.roi_head.bbox_head[-1].fc_reg.bias[2:] = 2.0  # boxes grow by a factor of e squared
    height, width = SmallView().image_size
    volumes = make_volumes(FFDM)
    limits = torch.tensor([width, height] * 2).double()
    (raw,) = predict(detector, FFDM, volumes, rescale=False)
    (case,) = predict(detector, FFDM, volumes)
    for view, unclipped in zip(case.views, raw.views):
        expected = unclipped.pred_instances.bboxes.double()
        assert (expected < 0).any() and (expected > limits).any()
        torch.testing.assert_close(view.pred_instances.bboxes, torch.minimum(expected.clamp(min=0), limits))


def test_bins_return_as_the_middle_slice_of_the_source():
    detector = build_detector().eval()
    batch = make_batch(detector, [[SmallView(3)]])
    (case,) = batch['data_samples']
    case.views[0].set_metainfo(dict(slice_bins=SliceBins(20, 3)))  # bins 0..5, 6..12, 13..19
    with torch.no_grad():
        bins = detector.predict(batch['inputs'], [case], rescale=False)[0].views[0].pred_instances.slices
        slices = detector.predict(batch['inputs'], [case])[0].views[0].pred_instances
    assert slices.slices.tolist() == [(2, 9, 16)[index] for index in bins.tolist()]
    assert slices.slices.tolist() == [(2, 9, 16)[index] for index in decisive_slice(slices.slice_weights).tolist()]


def test_larger_neighbour_leaves_the_proposals_alone():
    detector = build_detector()
    large = SmallView(image_size=(96, 96))
    boxes = []
    for breasts in ([[SmallView()]], [[SmallView()], [large]]):
        batch = make_batch(detector, breasts)
        _, proposals = detector._features_and_proposals(batch['inputs'], batch['data_samples'])
        boxes.append(proposals[0].bboxes)
    assert torch.equal(*boxes)


@pytest.mark.parametrize('detector_type', ['MultiViewSparseRCNN', 'SliceBySliceRCNN'])
@pytest.mark.parametrize('slices_at_once', [None, 2])
def test_padding_never_changes_a_result(detector_type, slices_at_once):
    config = detector_config()
    config.update(type=detector_type, slices_at_once=slices_at_once)
    detector = build(config)
    # The two views differ in size themselves, so even a breast alone is padded.
    breasts = [
        [SmallView(3, image_size=(64, 48)), SmallView(3, image_size=(90, 40))],
        [SmallView(image_size=(160, 130))],
    ]
    volumes = make_volumes(breasts)
    (alone,) = predict(detector, breasts[:1], volumes[:1])
    together, _ = predict(detector, breasts, volumes)
    _, behind = predict(detector, breasts[::-1], volumes[::-1])
    for padded in (together, behind):
        assert padded.pred_malignancy == pytest.approx(alone.pred_malignancy, abs=1e-6)
        for one, other in zip(alone.views, padded.views):
            for name, values in one.pred_instances.items():
                atol = 1e-4 if name == 'bboxes' else 1e-6  # of 160 pixels; several threads add up in another order
                torch.testing.assert_close(other.pred_instances[name], values, rtol=1e-5, atol=atol, msg=name)


def test_wrong_number_of_slice_images_is_quoted():
    detector = build_detector()
    batch = make_batch(detector, DBT)
    with pytest.raises(ValueError, match='5 slice images for views that have 6 slices in all'):
        detector.loss(batch['inputs'][:5], batch['data_samples'])


def test_raw_outputs_are_available():
    detector = build_detector(num_stages=2)
    (stages,) = detector(**make_batch(detector, DBT), mode='tensor')
    assert [stage.cls_scores.shape for stage in stages] == [(2, NUM_PROPOSALS, 1)] * 2


@pytest.mark.parametrize('breasts', [DBT, [[NEGATIVE, SmallView()]]])
def test_bfloat16_training_is_finite_and_close_to_float32(breasts):
    detector = build_detector()
    batch = make_batch(detector, breasts)
    expected = detector(**batch, mode='loss')
    with torch.autocast('cpu', dtype=torch.bfloat16):
        losses = detector(**batch, mode='loss')
    total, _ = detector.parse_losses(losses)
    total.backward()
    assert all(value.dtype == torch.float32 and value.isfinite() for value in losses.values())
    assert all(p.grad.isfinite().all() for p in detector.parameters() if p.grad is not None)
    torch.testing.assert_close(losses['s0.loss_cls'], expected['s0.loss_cls'], rtol=0.1, atol=0.05)


def test_bfloat16_tells_more_than_256_slice_images_apart():
    """bfloat16 holds no whole number beyond 256 exactly, so RoIs in it would read other slices."""
    detector = build_detector(num_stages=1).eval()
    breasts = [[SmallView(260, image_size=(32, 32))]]
    batch = make_batch(detector, breasts)
    with torch.no_grad():
        (expected,) = detector(**batch, mode='tensor')[0]
        with torch.autocast('cpu', dtype=torch.bfloat16):
            (output,) = detector(**batch, mode='tensor')[0]
    torch.testing.assert_close(output.log_weights[0], expected.log_weights[0], rtol=0, atol=0.1)
    late = output.log_weights[0][:, 256:]
    assert all(len(row.unique()) == 4 for row in late)


def test_bfloat16_starts_from_exact_proposals():
    detector = build_detector()
    view = SmallView(image_size=(131, 259))
    batch = make_batch(detector, [[view]])
    with torch.autocast('cpu', dtype=torch.bfloat16):
        _, proposals = detector._features_and_proposals(batch['inputs'], batch['data_samples'])
    _, expected = detector._features_and_proposals(batch['inputs'], batch['data_samples'])
    assert torch.equal(proposals[0].bboxes, expected[0].bboxes)


def test_samples_keep_their_truth_after_prediction():
    (case,) = predict(build_detector(), DBT)
    assert torch.equal(case.views[0].gt_instances.bboxes, make_cases(DBT)[0].views[0].gt_instances.bboxes)
