"""EfficientDet in nine sizes, each from one name."""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass
from typing import Any

from mmdet.models.detectors import SingleStageDetector
from mmdet.registry import MODELS
from mmengine.config import ConfigDict
from torch import nn

from ..dense_heads.efficientdet_head import efficientdet_anchors
from ..layers.recompute import recompute_in_training

VARIANTS = ('tf', 'plain')


@dataclass(frozen=True)
class Scaling:
    """What grows with the size of an EfficientDet.

    Attributes:
        backbone: number of the EfficientNet.
        stage_channels: of its features at strides 8, 16 and 32.
        input_size: side of the square image it was made for, pixels.
        channels: of the BiFPN and the heads.
        cells: repeats of the BiFPN.
        head_convs: convolutions of a tower.
        fusion: of the BiFPN.
        anchor_scale: sides of the smallest anchors, in strides.
        num_levels: of the pyramid.

    Source: EfficientDet (Tan et al. 2020), table 1, and the reference implementation's D7x.
    """

    backbone: int
    stage_channels: tuple[int, int, int]
    input_size: int
    channels: int
    cells: int
    head_convs: int
    fusion: str = 'fast'
    anchor_scale: int = 4
    num_levels: int = 5


SCALINGS = {
    'd0': Scaling(0, (40, 112, 320), 512, 64, 3, 3),
    'd1': Scaling(1, (40, 112, 320), 640, 88, 4, 3),
    'd2': Scaling(2, (48, 120, 352), 768, 112, 5, 3),
    'd3': Scaling(3, (48, 136, 384), 896, 160, 6, 4),
    'd4': Scaling(4, (56, 160, 448), 1024, 224, 7, 4),
    'd5': Scaling(5, (64, 176, 512), 1280, 288, 7, 4),
    'd6': Scaling(6, (72, 200, 576), 1280, 384, 8, 5, 'sum'),
    'd7': Scaling(6, (72, 200, 576), 1536, 384, 8, 5, 'sum', anchor_scale=5),
    'd7x': Scaling(7, (80, 224, 640), 1536, 384, 8, 5, 'sum', num_levels=6),
}

TRAIN_CFG = ConfigDict(
    # One IoU for both: no anchor is ignored. Each finding claims its best anchor, the last one where two claim one.
    assigner=dict(
        type='MaxIoUAssigner',
        pos_iou_thr=0.5,
        neg_iou_thr=0.5,
        min_pos_iou=0,
        gt_max_assign_all=False,
        ignore_iof_thr=-1,
    ),
    sampler=dict(type='PseudoSampler'),  # focal loss wants all anchors
    allowed_border=-1,
    pos_weight=-1,
)
TEST_CFG = ConfigDict(
    nms_pre=1000, min_bbox_size=0, score_thr=0.05, nms=dict(type='nms', iou_threshold=0.5), max_per_img=100
)


@MODELS.register_module()
class EfficientDet(SingleStageDetector):
    """EfficientNet, BiFPN and two towers, sized by one name.

    Whatever a size decides can be overridden by ``backbone``, ``neck`` and ``bbox_head``, whose fields are laid over
    those of the size.

    Source: EfficientDet (Tan et al. 2020).

    Args:
        compound: ``d0`` to ``d7`` or ``d7x``.
        variant: ``tf``: padding and norm constants of the TensorFlow weights, biases before norms; ``plain``: those of
            weights trained in PyTorch.
        num_classes: classes without background.
        in_channels: channels of the image.
        backbone, neck, bbox_head: fields that differ from the size's. A backbone that starts from timm's ImageNet
            weights is named whole, as in ``configs/efficientdet_d0_ffdm.py``, so that a run can see to the weights.
        recompute: blocks of the backbone, cells of the BiFPN and towers are computed again in the backward pass, which
            needs a fraction of the memory and about a third more time; losses and gradients stay the same.
        train_cfg, test_cfg, data_preprocessor, init_cfg: as for every detector of mmdet.

    Raises:
        ValueError: size or variant is unknown, or the backbone is an EfficientNet of another size.
    """

    def __init__(
        self,
        compound: str = 'd0',
        variant: str = 'tf',
        num_classes: int = 1,
        in_channels: int = 3,
        backbone: dict | None = None,
        neck: dict | None = None,
        bbox_head: dict | None = None,
        recompute: bool = False,
        train_cfg: dict | None = None,
        test_cfg: dict | None = None,
        data_preprocessor: dict | None = None,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        if compound not in SCALINGS:
            raise ValueError(f'compound is one of {", ".join(SCALINGS)}, got {compound!r}')
        if variant not in VARIANTS:
            raise ValueError(f'variant is one of {", ".join(VARIANTS)}, got {variant!r}')
        scaling = SCALINGS[compound]
        super().__init__(
            backbone=_checked_backbone(
                {**backbone_config(scaling, variant, in_channels), **(backbone or {})}, compound
            ),
            neck={**neck_config(scaling, variant), **(neck or {})},
            bbox_head={**head_config(scaling, variant, num_classes), **(bbox_head or {})},
            train_cfg=train_cfg or copy.deepcopy(TRAIN_CFG),
            test_cfg=test_cfg or copy.deepcopy(TEST_CFG),
            data_preprocessor=data_preprocessor,
            init_cfg=init_cfg,
        )
        if recompute:
            recompute_in_training(
                [*_blocks(self.backbone), *self.neck.cells, self.bbox_head.class_tower, self.bbox_head.box_tower]
            )


def backbone_config(scaling: Scaling, variant: str, in_channels: int) -> dict[str, Any]:
    """timm's EfficientNet of a size; its features at strides 8, 16 and 32."""
    prefix = 'tf_' if variant == 'tf' else ''
    return dict(
        type='mmpretrain.TIMMBackbone',
        model_name=f'{prefix}efficientnet_b{scaling.backbone}',
        features_only=True,
        pretrained=False,
        in_channels=in_channels,
        out_indices=(2, 3, 4),
    )


def neck_config(scaling: Scaling, variant: str) -> dict[str, Any]:
    """The BiFPN of a size."""
    return dict(
        type='BiFPN',
        in_channels=scaling.stage_channels,
        out_channels=scaling.channels,
        num_cells=scaling.cells,
        num_levels=scaling.num_levels,
        fusion=scaling.fusion,
        pool_padding='same' if variant == 'tf' else '',
        conv_bias=variant == 'tf',
    )


def head_config(scaling: Scaling, variant: str, num_classes: int) -> dict[str, Any]:
    """The head of a size."""
    return dict(
        type='EfficientDetHead',
        num_classes=num_classes,
        in_channels=scaling.channels,
        num_convs=scaling.head_convs,
        num_levels=scaling.num_levels,
        conv_bias=variant == 'tf',
        anchor_generator=efficientdet_anchors(scaling.anchor_scale, scaling.num_levels),
    )


def _blocks(backbone: nn.Module) -> list[nn.Module]:
    """The inverted residual blocks of timm's EfficientNet."""
    stages = getattr(getattr(backbone, 'timm_model', None), 'blocks', None)
    if stages is None:
        raise ValueError(
            f"recompute=True needs timm's EfficientNet as backbone, got {type(backbone).__name__}: leave recompute out"
        )
    return [block for stage in stages for block in stage]


def _checked_backbone(backbone: dict[str, Any], compound: str) -> dict[str, Any]:
    """Two sizes of EfficientNet may have the same channels, and one would pass for the other."""
    size = re.fullmatch(r'(?:tf_)?efficientnet_b(\d)(?:\..*)?', backbone.get('model_name', ''))
    if size and int(size[1]) != SCALINGS[compound].backbone:
        raise ValueError(
            f'EfficientDet {compound} has a backbone efficientnet_b{SCALINGS[compound].backbone}, got '
            f'model_name={backbone["model_name"]!r}'
        )
    return backbone
