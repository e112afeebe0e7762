"""Released weights of GLAM and GMIC under the names of ``GlobalLocalClassifier``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from torch import Tensor

RELEASED_LABELS = ('benign', 'malignant')
"""Order of the classes in the released weights."""

_BACKBONES = ('global_network.downsampling_branch.', 'ds_net.')
_BLOCK = {'bn1': 'norm1', 'bn2': 'norm2', 'conv1': 'conv1', 'conv2': 'conv2', 'downsample.0': 'projection'}
_PREFIXES = {
    'global_network.postprocess_module.gn_conv_1.': 'global_module.heads.0.',
    'global_network.postprocess_module.gn_conv_2.': 'global_module.heads.1.',
    'global_network.postprocess_module.gn_conv_last.': 'global_module.heads.2.',
    'left_postprocess_net.gn_conv_last.': 'global_module.heads.0.',
    'detection_network.dn_resnet.': 'local_module.backbone.',
    'detection_network.gn_conv_last.': 'local_module.head.',
    'dn_resnet.': 'local_module.backbone.',
    'mil_attn_V.': 'aggregation.attention.tanh_branch.',
    'mil_attn_U.': 'aggregation.attention.gate_branch.',
    'mil_attn_w.': 'aggregation.attention.score.',
    'classifier_linear.': 'aggregation.classifier.',
    'fusion_dnn.': 'fusion.linear.',
}


def is_glam(weights: Mapping[str, Tensor]) -> bool:
    """Whether names are those of the released GLAM or GMIC."""
    return any(f'{prefix}first_conv.weight' in weights for prefix in _BACKBONES)


def rename_glam(weights: Mapping[str, Tensor], label_names: Sequence[str]) -> dict[str, Tensor]:
    """Released weights by this project's names; what has no counterpart keeps its own name.

    Args:
        weights: a state dict of GLAM or GMIC.
        label_names: classes of the model that is to take them.

    Raises:
        ValueError: the model has two classes that are not benign and malignant in this order, so that weights would
            fit by shape and mean something else.
    """
    if len(label_names) == len(RELEASED_LABELS) and tuple(label_names) != RELEASED_LABELS:
        raise ValueError(
            f'the released weights tell {" and ".join(RELEASED_LABELS)}, in this order, and label_names of the model '
            f'is {list(label_names)}: give it their order'
        )
    return {_rename(name): value for name, value in weights.items()}


def _rename(name: str) -> str:
    for prefix in _BACKBONES:
        if name.startswith(prefix):
            return f'global_module.backbone.{_rename_backbone(name.removeprefix(prefix))}'
    for prefix, ours in _PREFIXES.items():
        if name.startswith(prefix):
            return ours + name.removeprefix(prefix)
    return name


def _rename_backbone(name: str) -> str:
    name = re.sub(r'^first_conv\.', 'stem.', name)
    name = re.sub(r'^final_bn\.', 'final_norm.', name)
    if match := re.fullmatch(r'layer_list\.(\d+)\.(\d+)\.(bn1|bn2|conv1|conv2|downsample\.0)\.(.+)', name):
        stage, block, part, rest = match.groups()
        return f'stages.{stage}.{block}.{_BLOCK[part]}.{rest}'
    return name
