"""Detectors of mmdet on breasts against the same detectors in mmdet."""

from __future__ import annotations

import copy

import pytest
import torch
from mmdet.structures import DetDataSample
from mmengine.hub import get_config
from mmengine.structures import InstanceData

from tests.models.small_cases import LESION, SmallView, make_batch, make_volumes
from tests.models.small_models import build

CONFIGS = {
    'fcos': 'fcos/fcos_r50-caffe_fpn_gn-head_1x_coco',
    'retinanet': 'retinanet/retinanet_r50_fpn_1x_coco',
    'faster_rcnn': 'faster_rcnn/faster-rcnn_r50_fpn_1x_coco',
    'cascade_rcnn': 'cascade_rcnn/cascade-rcnn_r50_fpn_1x_coco',
    'atss': 'atss/atss_r50_fpn_1x_coco',
    'rtmdet': 'rtmdet/rtmdet_tiny_8xb32-300e_coco',
    'dino': 'dino/dino-4scale_r50_8xb2-12e_coco',
    'deformable_detr': 'deformable_detr/deformable-detr_r50_16xb2-50e_coco',
    'sparse_rcnn': 'sparse_rcnn/sparse-rcnn_r50_fpn_1x_coco',
}
IMAGES = [[SmallView(boxes=[[8, 10, 40, 50]])], [SmallView()]]


def small(name: str) -> dict:
    """The detector's config as mmdet has it, with a ResNet-18 of an eighth of its width, for two classes."""
    detector = get_config(f'mmdet::{CONFIGS[name]}.py').model
    detector.pop('data_preprocessor')
    backbone = detector.backbone
    backbone.init_cfg = None
    if backbone.type == 'ResNet':
        backbone.update(depth=18, base_channels=8, frozen_stages=-1, style='pytorch')
        channels = [8, 16, 32, 64]
        detector.neck.in_channels = [channels[index] for index in backbone.out_indices]
    set_values(detector, num_classes=2, num_queries=20, num_proposals=20, max_per_img=20, feedforward_channels=64)
    set_values(detector, fc_out_channels=32)
    if name == 'rtmdet':
        set_values(detector, norm_cfg=dict(type='BN'))  # SyncBN needs a GPU
    return detector


def set_values(config: object, **values: object) -> None:
    """Sets items wherever a config has them."""
    for part in config if isinstance(config, list) else [config]:
        if isinstance(part, dict):
            part.update({name: value for name, value in values.items() if name in part})
            for child in part.values():
                set_values(child, **values)


def build_wrapped(name: str = 'fcos', **arguments):
    preprocessor = dict(type='CaseDataPreprocessor', mean=0.2, std=0.2)
    wrapped = build(dict(type='MammogramDetector', detector=small(name), data_preprocessor=preprocessor, **arguments))
    wrapped.init_weights()
    return wrapped


def build_plain(name: str, wrapped) -> torch.nn.Module:
    preprocessor = dict(type='DetDataPreprocessor', mean=[0.2] * 3, std=[0.2] * 3, pad_size_divisor=32, pad_value=-1)
    plain = build(dict(small(name), data_preprocessor=preprocessor))
    plain.load_state_dict(wrapped.detector.state_dict())
    return plain


def mmdet_batch(plain, volumes, truths) -> dict:
    samples = []
    for (volume,), (boxes, labels) in zip(volumes, truths):
        shape = tuple(volume.shape[-2:])
        sample = DetDataSample(metainfo=dict(img_shape=shape, ori_shape=shape, scale_factor=(1.0, 1.0), img_id=0))
        sample.gt_instances = InstanceData(
            bboxes=torch.tensor(boxes).reshape(-1, 4), labels=torch.tensor(labels).long()
        )
        samples.append(sample)
    inputs = [volume[0].expand(3, -1, -1) for (volume,) in volumes]
    return plain.data_preprocessor(dict(inputs=inputs, data_samples=samples))


def seeded(function, *args, **kwargs):
    torch.manual_seed(1)
    return function(*args, **kwargs)


def flat(losses: dict) -> dict[str, float]:
    return {name: float(sum(v) if isinstance(v, list) else v.sum()) for name, v in losses.items()}


@pytest.mark.parametrize('name', CONFIGS)
def test_losses_and_predictions_are_those_of_mmdet(name):
    wrapped = build_wrapped(name)
    plain = build_plain(name, wrapped)
    volumes = make_volumes(IMAGES)
    truths = [([[8.0, 10, 40, 50]], [0]), ([], [])]
    theirs = mmdet_batch(plain, volumes, truths)
    ours = make_batch(wrapped, IMAGES, volumes)
    torch.testing.assert_close(ours['inputs'], theirs['inputs'])
    losses = flat(seeded(wrapped.train(), **ours, mode='loss'))
    assert losses == pytest.approx(flat(seeded(plain.train(), **theirs, mode='loss')), abs=1e-6, rel=1e-6)
    plain.load_state_dict(wrapped.detector.state_dict())
    wrapped.eval(), plain.eval()
    with torch.no_grad():
        found = wrapped.predict(ours['inputs'], ours['data_samples'], rescale=False)
        for index, case in enumerate(found):
            alone = mmdet_batch(plain, volumes[index : index + 1], truths[index : index + 1])
            (wanted,) = plain.predict(alone['inputs'], alone['data_samples'], rescale=False)
            for key in ('bboxes', 'scores', 'labels'):
                torch.testing.assert_close(case.views[0].pred_instances[key], wanted.pred_instances[key])
            assert 0 < case.pred_malignancy <= 1


def test_an_image_on_which_nothing_is_found_keeps_its_score():
    wrapped = build_wrapped().eval()
    wrapped.detector.bbox_head.test_cfg.score_thr = 0.99
    batch = make_batch(wrapped, IMAGES)
    with torch.no_grad():
        found = wrapped.predict(batch_inputs=batch['inputs'], batch_data_samples=batch['data_samples'])
    for case in found:
        assert len(case.views[0].pred_instances.scores) == 0
        assert 0 < case.views[0].pred_malignancy < 0.99
    assert wrapped.detector.bbox_head.test_cfg.score_thr == 0.99


def test_unannotated_malignant_images_do_not_train():
    unannotated = [SmallView(malignant=1.0, annotated=False)]
    wrapped = build_wrapped().train()
    both = [IMAGES[0], unannotated]
    volumes = make_volumes(both)
    alone = flat(wrapped(**make_batch(wrapped, both[:1], volumes[:1]), mode='loss'))
    assert flat(wrapped(**make_batch(wrapped, both, volumes), mode='loss')) == pytest.approx(alone, rel=1e-5)
    losses = wrapped(**make_batch(wrapped, [unannotated], volumes[1:]), mode='loss')
    total, _ = wrapped.parse_losses(losses)
    total.backward()
    assert float(total) == 0
    assert all(parameter.grad is not None for parameter in wrapped.parameters() if parameter.requires_grad)


def test_a_volume_trains_on_the_slices_that_a_finding_reaches():
    wrapped = build_wrapped()
    (case,) = make_batch(wrapped, [[SmallView(num_slices=9, boxes=[[10, 12, 24, 30]], slices=[2])]])['data_samples']
    # floor(sqrt((14 + 18) / 2)) = 4 stored slices are 2 bins of two.
    counts = [len(sample.gt_instances.labels) for sample in wrapped._training_samples(case.views[0])]
    assert counts == [1, 1, 1, 1, 1, 0, 0, 0, 0]
    case.views[0].gt_instances.slice_ranges = torch.tensor([[6, 7]])
    counts = [len(sample.gt_instances.labels) for sample in wrapped._training_samples(case.views[0])]
    assert counts == [0, 0, 0, 0, 0, 0, 1, 1, 0]


def test_a_volume_predicts_what_its_slices_say():
    wrapped = build_wrapped(slices_at_once=2).eval()
    wrapped.detector.bbox_head.test_cfg.score_thr = 0.0
    (volume,) = make_volumes([[LESION]])[0]
    with torch.no_grad():
        batch = make_batch(wrapped, [[LESION]], [[volume]])
        (found,) = wrapped.predict(batch['inputs'], batch['data_samples'], rescale=False)
        singles = []
        for image in volume:
            batch = make_batch(wrapped, [[SmallView()]], [[image[None]]])
            singles.append(wrapped.predict(batch['inputs'], batch['data_samples'], rescale=False)[0].pred_malignancy)
    instances = found.views[0].pred_instances
    assert found.pred_malignancy == pytest.approx(max(singles), abs=1e-6)
    torch.testing.assert_close(instances.slice_weights.sum(1), torch.ones(len(instances.scores)))
    assert len(instances.scores) <= wrapped.max_per_img


def test_weights_of_mmdet_load_as_they_are():
    wrapped, other = build_wrapped(), build_wrapped()
    other.load_state_dict(copy.deepcopy(wrapped.detector.state_dict()))
    for name, value in wrapped.state_dict().items():
        torch.testing.assert_close(other.state_dict()[name], value)


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(slice_strategy='all'), "slice_strategy must be 'each' or 'single'"),
        (dict(image_score='mean'), "image_score must be 'max' or 'noisy-or'"),
        (dict(malignant_class=2), 'malignant_class 2 is outside the 2 classes'),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        build_wrapped(**arguments)


def test_more_classes_than_the_head_has_are_refused():
    wrapped = build_wrapped()
    view = SmallView(boxes=[[8, 10, 40, 50]], labels=[2])
    with pytest.raises(ValueError, match='finding of class 2, and the head of FCOS has num_classes=2'):
        wrapped(**make_batch(wrapped, [[view]]), mode='loss')


def test_single_refuses_volumes():
    wrapped = build_wrapped(slice_strategy='single')
    with pytest.raises(ValueError, match='num_slices=1 in LoadMammogram'):
        wrapped(**make_batch(wrapped, [[LESION]]), mode='loss')
