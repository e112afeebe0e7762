"""Random weights under the names and shapes of the released checkpoints of GLAM and GMIC, and models that take them."""

from __future__ import annotations

import torch
from mmengine.config import ConfigDict
from torch import Tensor

from mammo_plugins.apis.convert.glam_names import rename_glam

Shapes = dict[str, tuple[int, ...]]


def _norm(name: str, width: int) -> Shapes:
    kinds = ('weight', 'bias', 'running_mean', 'running_var')
    return {**{f'{name}.{kind}': (width,) for kind in kinds}, f'{name}.num_batches_tracked': ()}


def _resnet22(prefix: str) -> Shapes:
    shapes: Shapes = {f'{prefix}.first_conv.weight': (16, 1, 7, 7)}
    width = 16
    for stage, count in enumerate((16, 32, 64, 128, 256)):
        for block in (0, 1):
            name = f'{prefix}.layer_list.{stage}.{block}'
            shapes |= _norm(f'{name}.bn1', width)
            shapes |= {f'{name}.conv1.weight': (count, width, 3, 3)}
            shapes |= _norm(f'{name}.bn2', count)
            shapes |= {f'{name}.conv2.weight': (count, count, 3, 3)}
            if block == 0:
                shapes |= {f'{name}.downsample.0.weight': (count, width, 1, 1)}
            width = count
    return {**shapes, **_norm(f'{prefix}.final_bn', 256)}


def _resnet(prefix: str, blocks: tuple[int, ...]) -> Shapes:
    shapes: Shapes = {f'{prefix}.conv1.weight': (64, 3, 7, 7), **_norm(f'{prefix}.bn1', 64)}
    width = 64
    for layer, (number, count) in enumerate(zip(blocks, (64, 128, 256, 512)), start=1):
        for block in range(number):
            name = f'{prefix}.layer{layer}.{block}'
            shapes |= {f'{name}.conv1.weight': (count, width, 3, 3), **_norm(f'{name}.bn1', count)}
            shapes |= {f'{name}.conv2.weight': (count, count, 3, 3), **_norm(f'{name}.bn2', count)}
            if width != count:
                shapes |= {f'{name}.downsample.0.weight': (count, width, 1, 1), **_norm(f'{name}.downsample.1', count)}
            width = count
    return shapes


ATTENTION: Shapes = {'mil_attn_V.weight': (128, 512), 'mil_attn_U.weight': (128, 512), 'mil_attn_w.weight': (1, 128)}
GLAM: Shapes = {
    **_resnet22('global_network.downsampling_branch'),
    'global_network.postprocess_module.gn_conv_1.weight': (2, 64, 1, 1),
    'global_network.postprocess_module.gn_conv_2.weight': (2, 128, 1, 1),
    'global_network.postprocess_module.gn_conv_last.weight': (2, 256, 1, 1),
    'global_network.postprocess_module.combine.weight': (2, 6, 1, 1),
    **_resnet('detection_network.dn_resnet', (3, 4, 6, 3)),
    'detection_network.gn_conv_last.weight': (2, 512, 1, 1),
}
GMIC: Shapes = {
    **_resnet22('ds_net'),
    'left_postprocess_net.gn_conv_last.weight': (2, 256, 1, 1),
    **_resnet('dn_resnet', (2, 2, 2, 2)),
    **ATTENTION,
    'classifier_linear.weight': (2, 512),
    'fusion_dnn.weight': (2, 768),
    'fusion_dnn.bias': (2,),
}
JOINT: Shapes = {**GLAM, **ATTENTION, 'fusion_dnn.weight': (2, 768)}
"""GLAM with what its release lacks, under GMIC's names."""


def random_weights(shapes: Shapes, seed: int = 0) -> dict[str, Tensor]:
    """Numbers with which features neither vanish nor explode."""
    generator = torch.Generator().manual_seed(seed)
    weights = {}
    for name, shape in shapes.items():
        if name.endswith('num_batches_tracked'):
            weights[name] = torch.tensor(0)
        elif name.endswith('running_var') or (len(shape) == 1 and name.endswith('weight')):
            weights[name] = 0.5 + torch.rand(shape, generator=generator)
        elif len(shape) == 1:
            weights[name] = 0.1 * torch.randn(shape, generator=generator)
        else:
            fan_in = torch.Size(shape[1:]).numel()
            gain = 2.0 if 'attn' in name else 1.0
            weights[name] = gain * torch.randn(shape, generator=generator) / fan_in**0.5
    return weights


RESNET = dict(
    type='ResNet', depth=34, strides=(1, 1, 1, 1), out_indices=(3,), norm_eval=False, zero_init_residual=False
)
SELECTION = dict(type='GreedyPatchSelection', patch_size=(64, 64))


def global_config(**changes) -> ConfigDict:
    return ConfigDict(dict(type='GlobalModule', backbone=dict(type='ResNet22'), **changes))


def one_map_config(**changes) -> ConfigDict:
    """The global module of GMIC and CAM."""
    backbone = dict(type='ResNet22', out_indices=(4,))
    return ConfigDict(dict(type='GlobalModule', backbone=backbone, in_channels=[256], map_weights=[1.0], **changes))


def glam_config(aggregation: str = 'AttendedPatches', **changes) -> ConfigDict:
    """GLAM with patches of 64 pixels; with ``ConcatenatedPatches`` without fusion."""
    joint = aggregation == 'AttendedPatches'
    return ConfigDict(
        dict(
            type='GlobalLocalClassifier',
            global_module=global_config(),
            local_module=dict(type='LocalModule', backbone=RESNET),
            aggregation=dict(type=aggregation),
            fusion=dict(type='FusionModule') if joint else None,
            patch_selection=SELECTION,
            loss_sparsity=dict(type='MapSparsityLoss', loss_weight=1e-4),
        )
        | changes
    )


def gmic_config(**changes) -> ConfigDict:
    """GMIC with patches of 128 pixels."""
    backbone = dict(RESNET, depth=18, strides=(1, 2, 2, 2))
    return ConfigDict(
        dict(
            type='GlobalLocalClassifier',
            global_module=one_map_config(pool_fraction=0.02),
            local_module=dict(type='LocalModule', backbone=backbone, num_classes=None),
            aggregation=dict(type='AttendedRepresentation'),
            fusion=dict(type='FusionModule', bias=True),
            patch_selection=dict(type='GreedyPatchSelection', patch_size=(128, 128)),
            test_patches=6,
            label_from='fusion',
            loss_sparsity=dict(type='MapSparsityLoss', loss_weight=1e-4),
        )
        | changes
    )


def load_released(model: torch.nn.Module, weights: dict[str, Tensor], ignored: tuple[str, ...] = ()) -> None:
    """Loads released weights, every one but those named."""
    renamed = rename_glam(weights, model.label_names)
    missing, unexpected = model.load_state_dict(renamed, strict=False)
    assert not missing and sorted(unexpected) == sorted(ignored), (missing, unexpected)
