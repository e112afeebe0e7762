"""Weights of the ``effdet`` package under the names of :class:`~mammo_plugins.models.detectors.EfficientDet`."""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch
from torch import Tensor

_TOWERS = {'class_net': 'bbox_head.class_tower', 'box_net': 'bbox_head.box_tower'}
_FACTORS = {'conv_dw': 'depthwise', 'conv_pw': 'pointwise', 'bn': 'norm'}
_PROJECTION = {'conv': '0', 'bn': '1'}
_XYWH_OF_YXHW = (1, 0, 3, 2)


def is_effdet(weights: Mapping[str, Tensor]) -> bool:
    """Whether names are those of the effdet package."""
    return 'class_net.predict.conv_pw.weight' in weights and any(name.startswith('fpn.cell.') for name in weights)


def rename_effdet(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights of effdet by this project's names; what has no counterpart keeps its own name.

    effdet predicts (y, x, height, width) of each anchor, mmdet's coder reads (x, y, width, height), so the channels of
    the box prediction change places.

    Args:
        weights: a state dict of effdet's ``EfficientDet``, of any size.
    """
    levels = 1 + max(int(name.split('.')[3]) for name in weights if name.startswith('class_net.bn_rep.'))
    renamed = {}
    for name, value in weights.items():
        if name.startswith('box_net.predict.conv_pw.'):
            value = _reorder_boxes(value)
        renamed[_rename(name, levels)] = value
    return renamed


def _reorder_boxes(value: Tensor) -> Tensor:
    anchors = value.unflatten(0, (-1, 4))
    return anchors[:, torch.tensor(_XYWH_OF_YXHW)].flatten(0, 1)


def _rename(name: str, levels: int) -> str:
    if match := re.fullmatch(r'backbone\.(.+)', name):
        return f'backbone.timm_model.{match[1]}'
    if match := re.fullmatch(r'fpn\.resample\.\d+\.conv\.(conv|bn)\.(.+)', name):
        return f'neck.extra_projection.{_PROJECTION[match[1]]}.{match[2]}'
    if match := re.fullmatch(r'fpn\.cell\.(\d+)\.fnode\.(\d+)\.(.+)', name):
        node, downwards = int(match[2]), levels - 1
        place = f'top_down.{node}' if node < downwards else f'bottom_up.{node - downwards}'
        return f'neck.cells.{match[1]}.{place}.{_rename_node(match[3])}'
    if match := re.fullmatch(r'(class_net|box_net)\.(.+)', name):
        return f'{_TOWERS[match[1]]}.{_rename_tower(match[2])}'
    return name


def _rename_node(name: str) -> str:
    if name == 'combine.edge_weights':
        return 'fuse.weights'
    if match := re.fullmatch(r'combine\.resample\.\d+\.conv\.(conv|bn)\.(.+)', name):
        return f'projections.0.{_PROJECTION[match[1]]}.{match[2]}'  # only a node's first input is ever projected
    if match := re.fullmatch(r'after_combine\.conv\.(conv_dw|conv_pw|bn)\.(.+)', name):
        return f'convolve.{_FACTORS[match[1]]}.{match[2]}'
    return name


def _rename_tower(name: str) -> str:
    if match := re.fullmatch(r'conv_rep\.(\d+)\.(conv_dw|conv_pw)\.(.+)', name):
        return f'convs.{match[1]}.{_FACTORS[match[2]]}.{match[3]}'
    if match := re.fullmatch(r'bn_rep\.(\d+)\.(\d+)\.bn\.(.+)', name):
        return f'norms.{match[1]}.{match[2]}.{match[3]}'
    if match := re.fullmatch(r'predict\.(conv_dw|conv_pw)\.(.+)', name):
        return f'predict.{_FACTORS[match[1]]}.{match[2]}'
    return name
