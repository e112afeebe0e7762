"""A small FCOS with a matching head, and breasts with landmarks."""

from __future__ import annotations

import copy

import numpy as np
from mmengine.hub import get_config

from mammo_plugins.structures.breast_landmarks import BreastLandmarks
from mammo_plugins.structures.case_sample import MammoCaseSample
from tests.models.small_cases import IMAGE_SIZE, SmallView, make_cases, make_volumes
from tests.models.small_models import build

HEAD = dict(
    type='MassMatchingHead',
    in_channels=16,
    hidden_channels=32,
    embed_dims=8,
    roi_extractor=dict(
        type='SingleRoIExtractor',
        roi_layer=dict(type='RoIAlign', output_size=7, sampling_ratio=2),
        out_channels=16,
        featmap_strides=[8, 16, 32],
    ),
)
LANDMARKS = {
    'L-CC': BreastLandmarks((40.0, 32.0), (0.0, 0.0, 0.0, 64.0)),
    'L-MLO': BreastLandmarks((40.0, 40.0), (16.0, 0.0, 0.0, 40.0)),
}


def matching_config(**options) -> dict:
    detector = get_config('mmdet::fcos/fcos_r50-caffe_fpn_gn-head_1x_coco.py').model
    detector.pop('data_preprocessor')
    detector.backbone.update(
        depth=18, base_channels=8, frozen_stages=-1, style='pytorch', init_cfg=None, norm_cfg=dict(type='BN')
    )
    detector.neck.update(in_channels=[8, 16, 32, 64], out_channels=16)
    detector.bbox_head.update(in_channels=16, feat_channels=16, stacked_convs=1, num_classes=1)
    detector.bbox_head['norm_cfg'] = dict(type='GN', num_groups=4, requires_grad=True)
    detector.test_cfg.score_thr = 0.0
    head = {**copy.deepcopy(HEAD), **options.pop('head', {})}
    preprocessor = dict(type='CaseDataPreprocessor', mean=0.2, std=0.2, pad_size_divisor=32)
    return dict(
        type='MassMatchingDetector', detector=detector, matching_head=head, data_preprocessor=preprocessor, **options
    )


def build_matching(**options):
    detector = build(matching_config(**options))
    detector.init_weights()
    return detector


def make_breasts(*breasts, views=('L-CC', 'L-MLO'), landmarks=True) -> list[MammoCaseSample]:
    """Cases of two views; a breast is two lists of (box, lesion id), of its CC and its MLO."""
    cases = make_cases([[SmallView(boxes=[box for box, _ in found]) for found in breast] for breast in breasts])
    for number, (case, breast) in enumerate(zip(cases, breasts)):
        for index, (view, found, name) in enumerate(zip(case.views, breast, views)):
            view.gt_instances.lesion_ids = [lesion for _, lesion in found]
            view.set_metainfo(dict(view=name, image_id=2 * number + index, spacing_mm=(0.5, 0.5)))
            if landmarks:
                view.set_metainfo(dict(landmarks=LANDMARKS[name]))
            view.set_metainfo(dict(homography_matrix=np.eye(3)))
    return cases


def batch_of(detector, cases) -> dict:
    volumes = make_volumes([[SmallView(image_size=IMAGE_SIZE) for _ in case.views] for case in cases])
    return detector.data_preprocessor(dict(inputs=volumes, data_samples=cases))
