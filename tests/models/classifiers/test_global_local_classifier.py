"""The model around the modules: what trains, what is predicted, and what is refused."""

from __future__ import annotations

import pytest
import torch

from tests.models.classifiers.labelled_images import (
    NAN,
    SIZE,
    in_two_processes,
    losses_and_gradients,
    make_labelled,
)
from tests.models.released_weights import RESNET, glam_config, global_config, gmic_config, one_map_config
from tests.models.small_cases import SmallView, make_cases
from tests.models.small_models import build

LOCAL = dict(type='LocalModule', backbone=dict(RESNET, depth=18))
SELECTION = dict(type='GreedyPatchSelection', patch_size=(32, 32))
SMALL = dict(local_module=LOCAL, patch_selection=SELECTION, train_patches=3)
ONLY_GLOBAL = dict(type='GlobalLocalClassifier', global_module=global_config())
LABELS = [(0.0, 1.0), (1.0, NAN)]


@pytest.fixture
def images():
    return torch.randn(2, 1, *SIZE)


def gradient_of(parameter):
    return 0.0 if parameter.grad is None else float(parameter.grad.abs().sum())


@pytest.mark.parametrize(
    ('config', 'names'),
    [
        (ONLY_GLOBAL, {'loss_global'}),
        (glam_config(**SMALL), {'loss_global', 'loss_global_l1', 'loss_local', 'loss_local_l1', 'loss_fusion'}),
        (
            gmic_config(patch_selection=dict(SELECTION, patch_size=(64, 64))),
            {'loss_global', 'loss_global_l1', 'loss_local', 'loss_fusion'},
        ),
        (
            dict(ONLY_GLOBAL, global_module=one_map_config(pool_fraction=1.0)),
            {'loss_global'},
        ),
    ],
    ids=['global', 'joint', 'GMIC', 'CAM'],
)
def test_losses_of_each_model_reach_every_parameter(config, names, images):
    model = build(config).train()
    losses = model(images, make_labelled(LABELS), mode='loss')
    assert set(losses) == names and all(value > 0 for value in losses.values())
    sum(losses.values()).backward()
    assert [name for name, parameter in model.named_parameters() if not gradient_of(parameter)] == []


def test_losses_are_those_of_the_paper(images):
    weight = 3e-3
    model = build(glam_config(**SMALL | dict(loss_sparsity=dict(type='MapSparsityLoss', loss_weight=weight)))).eval()
    losses = model.loss(images, make_labelled(LABELS))
    found = model.look(images, 3)

    def entropy(y):
        return -(torch.log(1 - y[0, 0]) + torch.log(y[0, 1]) + torch.log(y[1, 0])) / 3  # three labels are known

    expected = {
        'loss_global': sum(entropy(y) for y in found.of_image.predictions),
        'loss_global_l1': weight * sum(level.sum() for level in found.of_image.maps) / 2,
        'loss_local': entropy(found.of_patches.prediction),
        'loss_local_l1': weight * found.patch_maps.sum() / 2,
        'loss_fusion': entropy(found.fused),
    }
    assert set(losses) == set(expected)
    for name, value in expected.items():
        torch.testing.assert_close(losses[name], value)


def test_batch_of_unknown_labels_trains_the_maps_sparse_alone(images):
    losses = build(glam_config(**SMALL)).train()(images, make_labelled([(NAN, NAN)] * 2), mode='loss')
    assert all((value == 0) == (not name.endswith('l1')) for name, value in losses.items())
    sum(losses.values()).backward()


def test_frozen_global_module_stays_as_it_is(images):
    model = build(glam_config('ConcatenatedPatches', freeze_global=True, **SMALL)).train()
    before = {name: value.clone() for name, value in model.global_module.state_dict().items()}
    losses = model(images, make_labelled(LABELS), mode='loss')
    assert set(losses) == {'loss_local', 'loss_local_l1'}
    sum(losses.values()).backward()
    assert not any(gradient_of(parameter) for parameter in model.global_module.parameters())
    assert all(gradient_of(parameter) for parameter in model.local_module.parameters())
    assert all(torch.equal(before[name], value) for name, value in model.global_module.state_dict().items())
    assert model.local_module.training and not model.global_module.training


def test_images_without_findings_give_random_patches_in_training_alone():
    changes = SMALL | dict(negative_selection=dict(type='RandomPatchSelection', patch_size=(32, 32)))
    model = build(glam_config('ConcatenatedPatches', freeze_global=True, **changes)).train()
    images = torch.randn(1, 1, *SIZE).expand(3, -1, -1, -1)
    is_negative = torch.tensor([False, True, False])
    chosen = model.look(images, 3).origins
    drawn = [model.look(images, 3, is_negative).origins for _ in range(3)]
    for origins in drawn:
        assert torch.equal(origins[[0, 2]], chosen[[0, 2]])
    assert len({tuple(origins[1].flatten().tolist()) for origins in drawn}) > 1


@pytest.mark.parametrize(('labels', 'expected'), [((0.0, 0.0), True), ((0.0, NAN), False), ((0.0, 1.0), False)])
def test_image_is_negative_where_every_label_is_known_to_be_0(labels, expected, images, monkeypatch):
    model = build(glam_config(**SMALL)).eval()
    seen = []
    look = model.look
    monkeypatch.setattr(model, 'look', lambda *args: seen.append(args[2]) or look(*args))
    model.loss(images, make_labelled([labels, (1.0, 1.0)]))
    assert seen[0].tolist() == [expected, False]


def test_combined_map_is_half_the_coarse_one_outside_patches(images):
    model = build(glam_config(**SMALL)).eval()
    found = model.look(images, 1)
    combined, coarse = model.saliency(found, SIZE), found.of_image.saliency.repeat_interleave(4, -1)
    coarse = coarse.repeat_interleave(4, -2)
    assert combined.shape == (2, 2, 32, 16)
    for image in range(2):
        row, column = (found.origins[image, 0] // 4).tolist()
        inside = torch.zeros(32, 16, dtype=torch.bool)
        inside[row : row + 8, column : column + 8] = True
        torch.testing.assert_close(combined[image][:, ~inside], coarse[image][:, ~inside] / 2)
        own = found.patch_maps[image, 0].flatten(1)
        torch.testing.assert_close(combined[image][:, inside], (coarse[image][:, inside] + own) / 2)


def test_chosen_maps_and_shares(images):
    model = build(glam_config(global_share=[0.25, 0.75], **SMALL)).eval()
    found = model.look(images, 2)
    coarse = found.of_image.saliency
    combined = model.saliency(found, SIZE)
    model.map_from = 'local'
    local = model.saliency(found, SIZE)
    share = torch.tensor([0.25, 0.75])[:, None, None]
    large = coarse.repeat_interleave(4, -1).repeat_interleave(4, -2)
    torch.testing.assert_close(combined, share * large + (1 - share) * local)
    model.map_from = 'global'
    assert torch.equal(model.saliency(found, SIZE), coarse)


def test_coarse_local_maps_are_laid_on_the_finer_grid_of_the_image(images):
    backbone = dict(RESNET, depth=18, strides=(1, 2, 2, 2))  # a map of one cell for 32 pixels
    model = build(glam_config(**SMALL | dict(local_module=dict(LOCAL, backbone=backbone), map_from='local'))).eval()
    found = model.look(images, 1)
    local = model.saliency(found, SIZE)
    assert local.shape == (2, 2, 8, 4)
    row, column = (found.origins[0, 0] // 16).tolist()
    patch = local[0, :, row : row + 2, column : column + 2]
    torch.testing.assert_close(patch, found.patch_maps[0, 0].expand(-1, 2, 2))
    torch.testing.assert_close(local[0].sum(), patch.sum())


@pytest.mark.parametrize('constant', [0.0, 1.0])
def test_image_of_one_grey_has_no_nan(constant):
    model = build(glam_config(**SMALL)).eval()
    for head in (*model.global_module.heads, model.local_module.head):
        torch.nn.init.zeros_(head.weight)  # maps of one value
    found = model.look(torch.full((1, 1, *SIZE), constant), 3)
    assert found.origins.tolist() == [[[0, 0]] * 3]
    assert model.saliency(found, SIZE).isfinite().all() and found.fused.isfinite().all()


def predict(model, images, sizes):
    cases = make_labelled([(NAN, NAN)] * len(sizes), sizes)
    return [case.views[0] for case in model(images, cases, mode='predict')]


@torch.no_grad()
def test_predictions_do_not_depend_on_what_the_batch_pads():
    model = build(glam_config(**SMALL)).eval()
    small = torch.randn(1, 1, 64, 64)
    batch = torch.randn(3, 1, *SIZE)
    batch[1, :, :64, :64] = small
    together = predict(model, batch, [SIZE, (64, 64), (120, 50)])
    (alone,) = predict(model, small, [(64, 64)])
    for name in ('benign', 'malignant'):
        torch.testing.assert_close(together[1].pred_saliency[name], alone.pred_saliency[name], rtol=0, atol=1e-6)
        assert together[1].pred_labels[name] == pytest.approx(alone.pred_labels[name], abs=1e-6)
    shapes = [tuple(view.pred_saliency['malignant'].shape) for view in together]
    assert shapes == [(32, 16), (16, 16), (120, 50)]  # 50 pixels are no whole number of cells


@torch.no_grad()
@pytest.mark.parametrize(('map_cell', 'shape'), [(None, (2, 1)), (64, (2, 1)), (16, (8, 4)), (4, (32, 16))])
def test_coarse_maps_repeat_their_cells(map_cell, shape, images):
    model = build(dict(ONLY_GLOBAL, global_module=one_map_config(), map_cell=map_cell)).eval()
    expected = model.look(images, 1).of_image.saliency
    for view, maps in zip(predict(model, images, [SIZE] * 2), expected):
        saliency = view.pred_saliency['benign']
        assert saliency.shape == shape
        times = shape[0] // 2
        assert torch.equal(saliency, maps[0].repeat_interleave(times, 0).repeat_interleave(times, 1))


def test_cells_that_do_not_divide_each_other_are_refused(images):
    with pytest.raises(ValueError, match='map_cell=24 does not divide'):
        predict(build(dict(ONLY_GLOBAL, global_module=one_map_config(), map_cell=24)).eval(), images, [SIZE] * 2)


@torch.no_grad()
@pytest.mark.parametrize('label_from', ['global', 'local', 'fusion'])
def test_labels_are_those_of_the_chosen_module(label_from, images):
    model = build(glam_config(label_from=label_from, **SMALL)).eval()
    found = model.look(images, 1)
    said = {'global': found.of_image.prediction, 'local': found.of_patches.prediction, 'fusion': found.fused}
    for view, of_view in zip(predict(model, images, [SIZE] * 2), said[label_from], strict=True):
        assert [view.pred_labels[name] for name in ('benign', 'malignant')] == of_view.tolist()


@torch.no_grad()
def test_any_number_of_classes(images):
    names = ['mass', 'calcification', 'distortion']
    config = dict(
        global_module=global_config(num_classes=3),
        local_module=dict(LOCAL, num_classes=3),
        fusion=dict(type='FusionModule', num_classes=3),
        label_names=names,
    )
    (first, _) = predict(build(glam_config(**SMALL | config)).eval(), images, [SIZE] * 2)
    assert list(first.pred_labels) == list(first.pred_saliency) == names


def test_two_processes_give_the_losses_and_gradients_of_one(tmp_path):
    batch = [(1, (0.0, 1.0)), (2, (1.0, NAN)), (3, (NAN, NAN))]
    losses, gradients = losses_and_gradients(batch)
    (first, of_first), (second, of_second) = in_two_processes((batch[:1], batch[1:]), tmp_path)
    for name, value in losses.items():
        torch.testing.assert_close((first[name] + second[name]) / 2, value)
    assert any(not torch.allclose(first[name], value) for name, value in losses.items())
    for name, value in gradients.items():
        torch.testing.assert_close((of_first[name] + of_second[name]) / 2, value, rtol=1e-4, atol=1e-6)


def test_images_of_unequal_size_are_refused_in_training(images):
    with pytest.raises(ValueError, match=r'\[\(64, 64\), \(128, 64\)\].*CutWindow'):
        build(ONLY_GLOBAL).loss(images, make_labelled(LABELS, [SIZE, (64, 64)]))


def test_label_that_the_data_set_was_not_asked_for_is_named(images):
    cases = make_labelled(LABELS)
    del cases[1].views[0].gt_labels['malignant']
    with pytest.raises(ValueError, match="image 1 has no label 'malignant': name it in labels"):
        build(ONLY_GLOBAL).loss(images, cases)


def test_volumes_are_refused(images):
    cases = make_cases([[SmallView(2, image_size=SIZE)]])
    with pytest.raises(ValueError, match=r'has 2 slices: load one with LoadMammogram\(num_slices=1\)'):
        build(ONLY_GLOBAL)(images, cases, mode='predict')


@pytest.mark.parametrize(
    ('config', 'message'),
    [
        (dict(ONLY_GLOBAL, local_module=LOCAL), 'given together'),
        (dict(ONLY_GLOBAL, fusion=dict(type='FusionModule')), 'a fusion needs a local_module'),
        (dict(ONLY_GLOBAL, map_from='local'), "map_from='local'"),
        (dict(ONLY_GLOBAL, label_from='radiologist'), "got 'radiologist'"),
        (dict(ONLY_GLOBAL, test_patches=0), 'test_patches=0'),
        (dict(ONLY_GLOBAL, map_cell=-4), 'map_cell=-4'),
        (glam_config('ConcatenatedPatches', label_from='fusion'), 'needs a fusion'),
        (glam_config(global_share=1.5), 'between 0 and 1, got 1.5'),
        (glam_config(global_share=[0.5, 0.5, 0.5]), 'out of range'),
        (gmic_config(map_from='local'), 'gives no maps'),
        (gmic_config(further_maps=['local']), 'gives no maps'),
        (dict(ONLY_GLOBAL, further_maps=['local']), 'gives no maps'),
        (glam_config(further_maps=['combined']), "further_maps are some of global, local beside 'combined'"),
        (glam_config(further_maps=['global', 'global']), 'further_maps are some of'),
    ],
)
def test_parts_that_do_not_agree_are_refused(config, message):
    with pytest.raises(ValueError, match=message):
        build(config)


def test_unknown_mode_is_refused(images):
    with pytest.raises(ValueError, match="got 'train'"):
        build(ONLY_GLOBAL)(images, [], mode='train')


def test_frozen_module_chooses_the_patches_that_a_list_made_before_would_hold(images):
    """Step 2 within step 3: patches of an image with a finding stay those of the start, whatever is learned."""
    model = build(glam_config('ConcatenatedPatches', **SMALL, freeze_global=True)).eval()
    listed = model.look(images, 3).origins
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.1)
    for _ in range(2):
        model.train()
        sum(model.loss(images, make_labelled(LABELS)).values()).backward()
        optimizer.step()
        torch.testing.assert_close(model.look(images, 3, torch.zeros(2, dtype=torch.bool)).origins, listed)


@torch.no_grad()
def test_patches_are_predicted_in_stored_pixels_with_their_attention(images):
    model = build(glam_config(**SMALL, test_patches=3)).eval()
    cases = make_labelled([(NAN, NAN)] * 2)
    mirrored = torch.tensor([[-1.0, 0, SIZE[1]], [0, 1, 0], [0, 0, 1]]).double().numpy()
    cases[1].views[0].set_metainfo({'homography_matrix': mirrored})
    first, second = (case.views[0].pred_patches for case in model(images, cases, mode='predict'))
    found = model.look(images, 3)
    rows, columns = found.origins.unbind(-1)
    assert first.bboxes.tolist() == torch.stack([columns, rows, columns + 32, rows + 32], dim=-1)[0].tolist()
    right = SIZE[1] - columns
    assert second.bboxes.tolist() == torch.stack([right - 32, rows, right, rows + 32], dim=-1)[1].tolist()
    torch.testing.assert_close(torch.stack([first.weights, second.weights]), found.of_patches.weights)


@torch.no_grad()
def test_patches_that_are_not_weighted_have_no_attention_and_a_global_module_alone_no_patches(images):
    (joined, _) = predict(build(glam_config('ConcatenatedPatches', **SMALL)).eval(), images, [SIZE] * 2)
    assert 'weights' not in joined.pred_patches and joined.pred_patches.bboxes.shape == (1, 4)
    (alone, _) = predict(build(ONLY_GLOBAL).eval(), images, [SIZE] * 2)
    assert 'pred_patches' not in alone and 'pred_further_saliency' not in alone


@torch.no_grad()
def test_further_maps_are_what_the_other_settings_of_map_from_predict(images):
    torch.manual_seed(0)
    model = build(glam_config(**SMALL, further_maps=['global', 'local'], map_cell=4)).eval()
    views = predict(model, images, [SIZE, (120, 50)])
    for name in ('global', 'local'):
        model.further_maps, model.map_from = (), name
        for view, expected in zip(views, predict(model, images, [SIZE, (120, 50)]), strict=True):
            for category, saliency in expected.pred_saliency.items():
                assert torch.equal(view.pred_further_saliency[name][category], saliency)
