"""A DisAsymNet of a few weights, and pairs for it."""

from __future__ import annotations

import copy

import numpy as np
import torch
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmengine.optim import OptimWrapperDict, build_optim_wrapper

from mammo_plugins.structures.case_sample import MammoCaseSample

SIZE = (32, 16)
MODEL = dict(
    type='DisAsymNet',
    data_preprocessor=dict(type='CaseDataPreprocessor', mean=0.2, std=0.5, pad_size_divisor=8),
    asyc=dict(
        type='AsymmetryClassifier',
        backbone=dict(
            type='mmpretrain.TIMMBackbone',
            model_name='test_resnet',
            features_only=True,
            pretrained=False,
            in_channels=3,
            out_indices=[0, 1, 2],
        ),
        fusion=dict(type='AsymmetricTransformer', in_channels=48, num_blocks=2, num_heads=8),
    ),
    asyd=dict(
        type='DisentanglingDecoder',
        in_channels=48,
        stage_channels=[32, 32, 48],
        channels=[16, 8, 8],
        norm_cfg=dict(type='GN', num_groups=4),
    ),
)


def small_model(**changes) -> torch.nn.Module:
    """The model with some arguments changed; two underscores go into a part: ``asyc__fusion=...``."""
    config = copy.deepcopy(MODEL)
    for name, value in changes.items():
        *path, last = name.split('__')
        owner = config
        for part in path:
            owner = owner[part]
        owner[last] = value
    torch.manual_seed(0)
    model = MODELS.build(config)
    model.init_weights()
    return model


def make_data(labels: list[tuple[float, float]], synthetic: tuple[int, ...] = (), size=SIZE, seed: int = 0) -> dict:
    """A batch of pairs as the loader gives it; ``synthetic`` names pairs with a synthetic image."""
    rng = torch.Generator().manual_seed(seed)
    inputs, cases = [], []
    for index, sides in enumerate(labels):
        images = [torch.rand((1, 1, *size), generator=rng) for _ in sides]
        brighter = [torch.rand((1, 1, *size), generator=rng) for _ in sides]
        known = [side for side in sides if not np.isnan(side)]
        pair = max(known) if len(known) == 2 or 1.0 in known else float('nan')
        case = MammoCaseSample(metainfo=dict(case_id=f'P/{index}', group_by='bilateral'))
        case.views = [
            DetDataSample(metainfo=dict(view=view, num_slices=1, img_shape=size, image_id=2 * index + place))
            for place, view in enumerate(('R-CC', 'L-CC'))
        ]
        case.gt_labels = dict(abnormal=pair)
        for view, side, image in zip(case.views, sides, brighter):
            view.gt_labels = dict(abnormal=side)
            if index in synthetic:
                view.synthetic = image
        inputs.append(images)
        cases.append(case)
    return dict(inputs=inputs, data_samples=cases)


def optimisers(model, **changes) -> OptimWrapperDict:
    """Plain gradient descent for each part."""
    parts = {name: getattr(model, name) for name in ('asyc', 'asyd') if getattr(model, name) is not None}
    config = dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.1), **changes)
    return OptimWrapperDict(**{name: build_optim_wrapper(part, copy.deepcopy(config)) for name, part in parts.items()})
