"""Detectors small enough for one core, as configs and built.

The same parts go into this project's detector and into mmdet's own Sparse R-CNN, so that the two can be compared.
"""

from __future__ import annotations

import copy

import torch
from mmdet.models.detectors import SparseRCNN
from mmdet.registry import MODELS
from mmengine.config import ConfigDict
from mmengine.registry import DefaultScope

HIDDEN = 16
NUM_PROPOSALS = 5
STRIDES = (4, 8, 16, 32)
FINEST_SCALE = 8
ATTENTION_HEADS = 4
CROSS_ATTENTION_HEADS = 2


def head_config(num_classes: int = 1, cross_view: bool = True) -> ConfigDict:
    """One `SliceDIIHead`."""
    config = _dii_head('SliceDIIHead', 'SliceDynamicConv', num_classes)
    config.slice_fusion = dict(type='MalignancyWeightedFusion')
    if cross_view:
        config.cross_view_attention = dict(
            type='CrossViewAttention', embed_dims=HIDDEN, num_heads=CROSS_ATTENTION_HEADS
        )
    return config


def roi_head_config(
    num_stages: int = 2, num_classes: int = 1, cross_view: bool = True, mil: bool = True, **overrides
) -> ConfigDict:
    """One `MultiViewSparseRoIHead` with its training and test settings."""
    config = ConfigDict(
        type='MultiViewSparseRoIHead',
        num_stages=num_stages,
        proposal_feature_channel=HIDDEN,
        loss_mil=dict(type='NoisyOrMILLoss') if mil else None,
        bbox_roi_extractor=roi_extractor_config(),
        bbox_head=head_config(num_classes, cross_view),
        train_cfg=_train_config(),
        test_cfg=dict(max_per_img=NUM_PROPOSALS),
    )
    config.update(overrides)
    return config


def detector_config(**roi_head_arguments) -> ConfigDict:
    """One `MultiViewSparseRCNN`; arguments as for `roi_head_config`."""
    roi_head = roi_head_config(**roi_head_arguments)
    return ConfigDict(
        type='MultiViewSparseRCNN',
        data_preprocessor=dict(type='CaseDataPreprocessor', mean=0.5, std=0.25, num_channels=1),
        **_backbone_neck_and_proposals(),
        train_cfg=dict(rpn=None, rcnn=roi_head.pop('train_cfg')),
        test_cfg=dict(rpn=None, rcnn=roi_head.pop('test_cfg')),
        roi_head=roi_head,
    )


def mmdet_sparse_rcnn_config(num_stages: int = 2, num_classes: int = 1) -> ConfigDict:
    """mmdet's own Sparse R-CNN of the same parts."""
    return ConfigDict(
        type='SparseRCNN',
        data_preprocessor=dict(type='DetDataPreprocessor', mean=[0.5], std=[0.25], pad_size_divisor=32),
        **_backbone_neck_and_proposals(),
        roi_head=dict(
            type='SparseRoIHead',
            num_stages=num_stages,
            stage_loss_weights=[1] * num_stages,
            proposal_feature_channel=HIDDEN,
            bbox_roi_extractor=roi_extractor_config(),
            bbox_head=[_dii_head('DIIHead', 'DynamicConv', num_classes) for _ in range(num_stages)],
        ),
        train_cfg=dict(rpn=None, rcnn=[_train_config() for _ in range(num_stages)]),
        test_cfg=dict(rpn=None, rcnn=dict(max_per_img=NUM_PROPOSALS)),
    )


def build(config: dict) -> torch.nn.Module:
    """The module that a config describes, found as a runner would find it."""
    with DefaultScope.overwrite_default_scope('mmdet'):
        return MODELS.build(ConfigDict(copy.deepcopy(config)))


def build_detector(config: ConfigDict | None = None, **roi_head_arguments) -> SparseRCNN:
    """A detector with varied weights, in training mode (its batch norms stay in evaluation mode)."""
    detector = build(detector_config(**roi_head_arguments) if config is None else config)
    detector.init_weights()
    vary_parameters(detector)
    return detector.train()


def build_roi_head(**arguments) -> torch.nn.Module:
    """The RoI head of `build_detector` with its proposals, as a module of two, in double precision."""
    detector = build_detector(**arguments)
    parts = torch.nn.ModuleDict(dict(rpn_head=detector.rpn_head, roi_head=detector.roi_head))
    return parts.double().train()


@torch.no_grad()
def vary_parameters(detector: torch.nn.Module) -> None:
    """Moves parameters off the values at which mistakes cannot be seen.

    Fresh norms are identities, fresh proposals all cover the whole image, and fresh classifiers say nearly the same of
    every slice.
    """
    for name, parameter in detector.named_parameters():
        if parameter.dim() == 1:
            parameter.add_(0.1 * torch.randn_like(parameter))
        if name.endswith('fc_cls.weight'):
            parameter.mul_(3)
        if name.endswith('fc_cls.bias'):
            parameter.add_(2)
    boxes = detector.rpn_head.init_proposal_bboxes.weight
    boxes[:, :2] = 0.4 + 0.2 * torch.rand_like(boxes[:, :2])
    boxes[:, 2:] = torch.linspace(0.1, 0.8, len(boxes))[:, None]


def _dii_head(head: str, dynamic_conv: str, num_classes: int) -> ConfigDict:
    return ConfigDict(
        type=head,
        num_classes=num_classes,
        in_channels=HIDDEN,
        num_heads=ATTENTION_HEADS,
        num_ffn_fcs=2,
        feedforward_channels=24,
        num_cls_fcs=1,
        num_reg_fcs=3,
        dropout=0.0,
        ffn_act_cfg=dict(type='ReLU', inplace=True),
        dynamic_conv_cfg=dict(
            type=dynamic_conv,
            in_channels=HIDDEN,
            feat_channels=4,
            out_channels=HIDDEN,
            input_feat_shape=7,
            act_cfg=dict(type='ReLU', inplace=True),
            norm_cfg=dict(type='LN'),
        ),
        bbox_coder=dict(
            type='DeltaXYWHBBoxCoder', clip_border=False, target_means=[0.0] * 4, target_stds=[0.5, 0.5, 1.0, 1.0]
        ),
        loss_cls=dict(type='FocalLoss', use_sigmoid=True, gamma=2.0, alpha=0.25, loss_weight=2.0),
        loss_bbox=dict(type='L1Loss', loss_weight=5.0),
        loss_iou=dict(type='GIoULoss', loss_weight=2.0),
    )


def _backbone_neck_and_proposals() -> dict:
    return dict(
        backbone=dict(
            type='ResNet',
            depth=18,
            in_channels=1,
            base_channels=8,
            num_stages=4,
            out_indices=(0, 1, 2, 3),
            norm_cfg=dict(type='BN', requires_grad=True),
            norm_eval=True,
            style='pytorch',
        ),
        neck=dict(type='FPN', in_channels=[8, 16, 32, 64], out_channels=HIDDEN, num_outs=4),
        rpn_head=dict(type='EmbeddingRPNHead', num_proposals=NUM_PROPOSALS, proposal_feature_channel=HIDDEN),
    )


def roi_extractor_config() -> dict:
    return dict(
        type='SingleRoIExtractor',
        roi_layer=dict(type='RoIAlign', output_size=7, sampling_ratio=2),
        out_channels=HIDDEN,
        featmap_strides=list(STRIDES),
        finest_scale=FINEST_SCALE,
    )


def _train_config() -> dict:
    return dict(
        assigner=dict(
            type='HungarianAssigner',
            match_costs=[
                dict(type='FocalLossCost', weight=2.0),
                dict(type='BBoxL1Cost', weight=5.0, box_format='xyxy'),
                dict(type='IoUCost', iou_mode='giou', weight=2.0),
            ],
        ),
        sampler=dict(type='PseudoSampler'),
        pos_weight=1,
    )
