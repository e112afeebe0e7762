"""Fusion of SM and FFDM: what each stage trains, what it leaves alone, and that it begins where A stands."""

from __future__ import annotations

import pytest
import torch
from mmdet.structures import DetDataSample

from mammo_plugins.structures.sample_predictions import store_note
from tests.models.small_cases import SmallView, make_batch, make_volumes
from tests.models.small_models import build

EFFICIENTDET = dict(compound='d0', variant='plain', neck=dict(num_cells=1), bbox_head=dict(num_convs=1))
WIDTH = 64
FINDING = SmallView(boxes=[[10, 12, 40, 36]])
PAIRS = [[FINDING, FINDING], [SmallView(), SmallView()]]
ALONE = [[FINDING], [SmallView()]]


def fusion(**arguments) -> torch.nn.Module:
    """A detector with fresh weights; A, B and C differ."""
    torch.manual_seed(0)
    detector = build(dict(type='ModalityFusionDetector', efficientdet=EFFICIENTDET, **arguments))
    detector.init_weights()
    return detector


def mammogram(**arguments) -> torch.nn.Module:
    config = dict(type='ModalityFusionDetector', efficientdet=EFFICIENTDET, **arguments)
    torch.manual_seed(0)
    detector = build(dict(type='MammogramDetector', images_together=True, detector=config))
    detector.init_weights()
    return detector


def images(channels: int = 3, seed: int = 0) -> torch.Tensor:
    return torch.randn(2, channels, 128, 128, generator=torch.Generator().manual_seed(seed))


def flat(outputs) -> torch.Tensor:
    return torch.cat([level.flatten() for kind in outputs for level in kind])


def with_grad(detector) -> set[str]:
    return {
        name for name, value in detector.named_parameters() if value.grad is not None and value.grad.abs().sum() > 0
    }


def total(losses: dict) -> torch.Tensor:
    return sum(sum(value) if isinstance(value, list) else value for value in losses.values())


@pytest.mark.parametrize('h_from', ['bifpn', 'towers'])
@pytest.mark.parametrize('stage', ['fuse', 'upper_bound'])
def test_fused_head_begins_as_that_of_a(stage, h_from):
    detector = fusion(stage=stage, h_from=h_from).eval()
    inputs = images(6)
    with torch.no_grad():
        alone = flat(detector.backbone.sm(inputs[:, :3]))
        fused = flat(detector(inputs))
    torch.testing.assert_close(fused, alone, rtol=1e-6, atol=1e-6 * float(alone.abs().max()))


@pytest.mark.parametrize('h_from', ['bifpn', 'towers'])
def test_every_new_weight_learns(h_from):
    """The zero columns at the first step, and once they are not zero, the kernels before them."""
    detector = fusion(h_from=h_from).train()
    optimizer = torch.optim.SGD([value for value in detector.parameters() if value.requires_grad], lr=0.1)
    for _ in range(2):
        optimizer.zero_grad()
        flat(detector(images())).square().mean().backward()
        optimizer.step()
    for tower in (detector.bbox_head.class_tower, detector.bbox_head.box_tower):
        first = [*tower.convs, tower.predict][0]
        assert (first.pointwise.weight.grad[:, WIDTH:].abs() > 0).any(dim=(0, 2, 3)).all()
        assert (first.depthwise.weight.grad[WIDTH:].abs() > 0).any(dim=(1, 2, 3)).all()


@pytest.mark.parametrize(
    ('stage', 'prefixes'),
    [
        ('mimic', ('backbone.mimic.', 'projection.')),
        ('fuse', ('backbone.sm.', 'bbox_head.')),
        ('upper_bound', ('backbone.sm.', 'backbone.ffdm.', 'bbox_head.')),
    ],
)
@pytest.mark.parametrize('h_from', ['bifpn', 'towers'])
def test_a_stage_trains_its_own_parts_only(stage, prefixes, h_from):
    detector = mammogram(stage=stage, h_from=h_from).train()
    inner = detector.detector
    before = {name: value.clone() for name, value in inner.state_dict().items()}
    loss = total(detector(**make_batch(detector, PAIRS), mode='loss'))
    if stage != 'mimic':
        loss = loss + flat(inner(images(6))).square().mean()  # a finding is on some levels only
    loss.backward()
    learning = {name for name, value in inner.named_parameters() if value.requires_grad}
    assert all(name.startswith(prefixes) for name in learning)
    assert {part for part in prefixes if any(name.startswith(part) for name in learning)} == set(prefixes)
    # What a norm follows has no need of a bias, and kernels behind columns of zeros wait for these.
    idle = {name for name in learning - with_grad(inner) if not name.endswith('.bias')}
    assert all(name.startswith(('bbox_head', 'backbone.ffdm')) for name in idle)
    torch.optim.SGD(detector.parameters(), lr=0.1).step()
    changed = {name for name, value in inner.state_dict().items() if not torch.equal(value, before[name])}
    assert changed and all(name.startswith(prefixes) for name in changed)  # statistics of frozen norms among the rest


@pytest.mark.parametrize('stage', ['fuse', 'upper_bound'])
def test_parts_that_learn_can_be_named(stage):
    detector = fusion(stage=stage, trained=('sm',))
    learning = {name for name, value in detector.named_parameters() if value.requires_grad}
    assert {name.split('.')[1] for name in learning if name.startswith('backbone')} == {'sm'}
    assert any(name.startswith('bbox_head') for name in learning)


def test_what_is_frozen_stays_in_evaluation_mode_after_a_checkpoint_is_loaded():
    detector = fusion(stage='fuse')
    detector.load_state_dict(fusion(stage='fuse').state_dict())
    for mode in (True, False, True):
        detector.train(mode)
    modes = {name: branch.training for name, branch in detector.backbone.named_children()}
    assert modes == {'sm': True, 'mimic': False, 'ffdm': False}
    assert not any(
        module.training for name in ('mimic', 'ffdm') for module in getattr(detector.backbone, name).modules()
    )


def test_stage_two_learns_without_findings_and_falls_with_training():
    unannotated = SmallView(malignant=1.0, annotated=False)
    detector = mammogram(stage='mimic', loss_similarity=dict(type='FeatureSimilarityLoss')).train()
    optimizer = torch.optim.Adam([value for value in detector.parameters() if value.requires_grad], lr=1e-3)
    pairs = [[unannotated, unannotated]] * 2
    volumes = make_volumes(pairs)
    losses = []
    for _ in range(8):
        optimizer.zero_grad()
        loss = total(detector(**make_batch(detector, pairs, volumes), mode='loss'))
        loss.backward()
        optimizer.step()
        losses.append(float(loss))
    assert losses[-1] < losses[0] - 0.1 and min(losses) >= -1


def test_lesions_count_more_in_stage_two():
    detectors = [mammogram(stage='mimic', lesion_weight=weight).eval() for weight in (0.0, 50.0)]
    volumes = make_volumes(PAIRS)
    losses = {}
    for name, pairs in ('with', PAIRS), ('without', [[SmallView(), SmallView()]] * 2):
        losses[name] = [float(total(d(**make_batch(d, pairs, volumes), mode='loss')).detach()) for d in detectors]
    assert losses['with'][0] != pytest.approx(losses['with'][1], abs=1e-4)
    assert losses['without'][0] == pytest.approx(losses['without'][1], rel=1e-6)


def test_synthetic_mammogram_suffices_in_prediction():
    detector = mammogram().eval()
    volumes = make_volumes(PAIRS)
    both = detector.predict(**batch_of(detector, PAIRS, volumes))
    alone = detector.predict(**batch_of(detector, ALONE, [case[:1] for case in volumes]))
    for pair, single in zip(both, alone):
        assert len(pair.views) == 2 and len(single.views) == 1
        for view in pair.views:
            torch.testing.assert_close(view.pred_instances.scores, single.views[0].pred_instances.scores)
            torch.testing.assert_close(view.pred_instances.bboxes, single.views[0].pred_instances.bboxes)


def batch_of(detector, cases, volumes) -> dict:
    batch = make_batch(detector, cases, volumes)
    return dict(batch_inputs=batch['inputs'], batch_data_samples=batch['data_samples'])


def test_ffdm_takes_the_place_of_its_mimic_where_it_is_there():
    detector = fusion(prefer_ffdm=True).eval()
    assert detector.parts_read(images(6)) == ('sm', 'ffdm')
    assert detector.parts_read(images(3)) == ('sm', 'mimic')
    with torch.no_grad():
        joined = detector.extract_feat(images(6))
        wanted = detector.backbone.h('ffdm', images(6)[:, 3:])
    for level, second in zip(joined, wanted):
        torch.testing.assert_close(level[:, WIDTH:], second)


def test_each_image_says_whose_features_were_read():
    """A batch holds pairs and SM alone; each case is predicted as it is by itself."""
    detector = mammogram(prefer_ffdm=True).eval()
    volumes = make_volumes(PAIRS)
    mixed, mixed_volumes = [PAIRS[0], PAIRS[1][:1]], [volumes[0], volumes[1][:1]]
    pair, alone = detector.predict(**batch_of(detector, mixed, mixed_volumes))
    assert [view.pred_note for view in pair.views] == ['SM features and FFDM features from the FFDM'] * 2
    assert [view.pred_note for view in alone.views] == ['SM features and FFDM features imitated from the SM']
    for case, cases, own_volumes in ((pair, PAIRS[:1], volumes[:1]), (alone, mixed[1:], mixed_volumes[1:])):
        (by_itself,) = detector.predict(**batch_of(detector, cases, own_volumes))
        for view, other in zip(case.views, by_itself.views, strict=True):
            torch.testing.assert_close(view.pred_instances.scores, other.pred_instances.scores)
            assert view.pred_malignancy == pytest.approx(other.pred_malignancy)
            assert view.cpu().pred_note == other.pred_note


def test_detectors_that_know_one_way_say_nothing():
    torch.manual_seed(0)
    detector = build(dict(type='MammogramDetector', detector=dict(type='EfficientDet', **EFFICIENTDET))).eval()
    (case,) = detector.predict(**batch_of(detector, ALONE[:1], make_volumes(ALONE[:1])))
    assert 'pred_note' not in case.views[0]


@pytest.mark.parametrize('note', ['', ' ', 'one\ntwo'])
def test_note_is_a_line(note):
    with pytest.raises(ValueError, match='a few words on one line'):
        store_note(DetDataSample(), note)


@pytest.mark.parametrize('parts', [('sm',), ('mimic',), ('sm', 'ffdm')])
def test_parts_that_are_left_out_are_zeros(parts):
    detector = fusion(parts=parts).eval()
    with torch.no_grad():
        (level, *_) = detector.extract_feat(images(6))
    read = [bool(half.abs().sum() > 0) for half in (level[:, :WIDTH], level[:, WIDTH:])]
    assert read == ['sm' in parts, len(set(parts) - {'sm'}) > 0]


def test_towers_are_joined_class_with_class_and_box_with_box():
    detector = fusion(h_from='towers').eval()
    x = images()
    with torch.no_grad():
        (level, *_) = detector.extract_feat(x)
        (of_sm, *_), (of_mimic, *_) = (detector.backbone.h(name, x) for name in ('sm', 'mimic'))
    wanted = [of_sm[:, :WIDTH], of_mimic[:, :WIDTH], of_sm[:, WIDTH:], of_mimic[:, WIDTH:]]
    torch.testing.assert_close(level, torch.cat(wanted, dim=1))


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(stage='last'), "stage is one of mimic, fuse, upper_bound, got 'last'"),
        (dict(parts=('mimic', 'ffdm')), 'of mimic and ffdm one at most'),
        (dict(stage='upper_bound', parts=('sm', 'mimic')), 'parts names one or two of sm, ffdm'),
        (dict(stage='upper_bound', trained=('mimic',)), 'parts names one or two of sm, ffdm'),
        (dict(h_from='stem'), "h_from is one of bifpn, towers, got 'stem'"),
        (dict(lesion_weight=-1), 'lesion_weight must be at least 0, got -1'),
    ],
)
def test_wrong_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        fusion(**arguments)


@pytest.mark.parametrize('stage', ['mimic', 'upper_bound'])
def test_missing_ffdm_is_named(stage):
    detector = mammogram(stage=stage).train()
    with pytest.raises(ValueError, match="group_by='modalities'"):
        detector(**make_batch(detector, ALONE), mode='loss')


def test_pairs_that_lie_on_two_grids_are_refused():
    detector = mammogram()
    other = SmallView(image_size=(32, 32))
    with pytest.raises(ValueError, match='put ShareGrid into the pipeline'):
        detector(**make_batch(detector, [[FINDING, other]]), mode='loss')
    with pytest.raises(ValueError, match=r'got \[1, 2\] images'):
        detector(**make_batch(detector, [[FINDING, FINDING], [FINDING]]), mode='loss')
