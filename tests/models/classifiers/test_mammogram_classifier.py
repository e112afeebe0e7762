"""Classifiers of images and cases: losses against a loop, unknown labels, padding, and two processes."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch

from tests.models.small_cases import SmallView, make_batch
from tests.models.small_classifier import LABELS, NAN, TARGETS, batch_of, build, gradients, in_two_processes

CLASSES = [  # of LABELS, as positions
    (1, 0, 1),
    (0, None, 0),
    (None, 1, None),
    (0, 0, 4),
]


def loop_losses(logits, classes):
    """The losses image by image."""
    weights, found = (1.0, 3.0), {}
    for name, start, stop, place in (('malignant', 0, 1, 0), ('density', 1, 3, 1), ('mass_birads', 3, 8, 2)):
        terms = []
        for row, known in zip(logits.tolist(), classes):
            index, own = known[place], row[start:stop]
            if index is None:
                continue
            if name == 'malignant':
                p = 1 / (1 + math.exp(-own[0]))
                terms.append(-weights[index] * math.log(p if index else 1 - p))
            else:
                terms.append(math.log(sum(map(math.exp, own))) - own[index])
        found[f'loss_{name}'] = sum(terms) / max(len(terms), 1) * (0.5 if name == 'density' else 1)
    return found


def test_losses_are_means_over_what_is_known():
    model = build().train()
    batch = batch_of(model, LABELS)
    losses = model(**batch, mode='loss')
    expected = loop_losses(model(batch['inputs']), CLASSES)
    assert losses.keys() == expected.keys()
    for name, value in expected.items():
        assert float(losses[name].detach()) == pytest.approx(value, rel=1e-5)
    sum(losses.values()).backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in model.fc.parameters())
    assert all(parameter.grad is not None for parameter in model.parameters())


def test_nothing_known_costs_nothing_and_keeps_gradients():
    model = build().train()
    losses = model(**batch_of(model, [dict(malignant=NAN, density=NAN, mass_birads=NAN)] * 2), mode='loss')
    assert all(float(value.detach()) == 0 for value in losses.values())
    sum(losses.values()).backward()
    assert all(parameter.grad is not None and not parameter.grad.any() for parameter in model.parameters())


def test_images_do_not_see_the_padding_of_their_batch():
    model = build().eval()
    together = batch_of(model, LABELS[:2], sizes=[(64, 64), (96, 128)])
    found = model(**together, mode='predict')
    alone = {'inputs': together['inputs'][:1, :, :64, :64], 'data_samples': batch_of(model, LABELS[:1])['data_samples']}
    alone['data_samples'][0].views[0].set_metainfo(dict(img_shape=(64, 64)))
    labels = model(**alone, mode='predict')[0].views[0].pred_labels
    assert labels == found[0].views[0].pred_labels
    assert list(labels) == [
        'malignant', 'density=A/B', 'density=C/D', *(f'mass_birads={name}' for name in ('2/3', '4A', '4B', '4C', '5'))
    ]  # fmt: skip
    assert sum(value for name, value in labels.items() if name.startswith('mass_birads')) == pytest.approx(1)


def test_cases_have_the_mean_of_their_images():
    model = build(unit='case').eval()
    batch = make_batch(model, [[SmallView(), SmallView()], [SmallView()]])
    for case, given in zip(batch['data_samples'], LABELS):
        case.gt_labels = given
    vectors = model.pool(model.backbone(batch['inputs']))
    logits = model.fc(torch.stack([vectors[:2].mean(dim=0), vectors[2]]))
    losses, expected = model(**batch, mode='loss'), loop_losses(logits, CLASSES[:2])
    assert {name: float(value) for name, value in losses.items()} == pytest.approx(expected, rel=1e-5)
    case = model(**batch, mode='predict')[0]
    assert case.pred_labels['malignant'] == pytest.approx(float(logits[0, 0].sigmoid()), rel=1e-5)
    assert 'pred_labels' not in case.views[0]


def test_views_in_which_nothing_was_found_neither_train_nor_are_labelled():
    model = build()
    batch = batch_of(model, LABELS)
    batch['data_samples'][0].views[0].set_metainfo(dict(finding_xyxy=None))
    losses = model(**batch, mode='loss')
    expected = loop_losses(model(batch['inputs']), [(None, None, None), *CLASSES[1:]])
    assert {name: float(value) for name, value in losses.items()} == pytest.approx(expected, rel=1e-5)
    empty, full = (case.views[0].pred_labels for case in model.eval()(**batch, mode='predict')[:2])
    assert all(map(math.isnan, empty.values())) and not any(map(math.isnan, full.values()))


def test_transformer_of_mmpretrain_needs_no_neck():
    backbone = dict(type='mmpretrain.VisionTransformer', arch='deit-tiny', img_size=(64, 64), patch_size=16)
    model = build(backbone=backbone, neck=None, in_channels=192, targets=TARGETS[:1]).eval()
    assert model(torch.rand(2, 3, 64, 64)).shape == (2, 1)


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        (dict(unit='breast'), 'unit is one of'),
        (dict(targets=[]), 'some labels, each once'),
        (dict(targets=[dict(name='malignant')] * 2), 'each once'),
        (dict(targets=[dict(name='density', classes=['A/B', 'B/C'])]), 'share no value'),
        (dict(targets=[dict(name='density', classes=['A', 'E'])]), "has no class 'E'"),
        (dict(targets=[dict(name='malignant', class_weights=[1.0])]), 'has 2 classes'),
    ],
)
def test_contradictions_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        build(**changes)


def test_label_that_the_data_set_does_not_give_is_named():
    model = build()
    with pytest.raises(ValueError, match="no label 'density'"):
        model(**batch_of(model, [dict(malignant=1.0)]), mode='loss')


def test_maps_and_volumes_are_refused():
    with pytest.raises(ValueError, match='a vector an image is needed'):
        build(neck=None)(torch.rand(1, 3, 64, 64))
    model = build()
    with pytest.raises(ValueError, match='has 3 slices'):
        model(**make_batch(model, [[SmallView(num_slices=3)]]), mode='predict')


def test_two_processes_are_as_one(tmp_path: Path):
    """The first process has an image of unknown malignancy alone, the second the other three."""
    (of_first, first), (of_second, second) = in_two_processes(([2], [0, 1, 3]), tmp_path)
    losses, gradient = gradients([0, 1, 2, 3])
    for name, value in losses.items():
        assert (of_first[name] + of_second[name]) / 2 == pytest.approx(value, rel=1e-4)
    torch.testing.assert_close((first + second) / 2, gradient, rtol=1e-4, atol=1e-6)
