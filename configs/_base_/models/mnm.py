# M&M and M&M-3D: the same model; the number of slices comes from the data.
# Facts from the paper: PVTv2-B2-Li, 6 heads. Proposals, sizes, weights: Sparse R-CNN's (COCO) defaults.
# Fits a GPU of 24 GB: one slice at a time, and what can be computed again is not kept. Faster: docs/training.md.
hidden_dim = 256
model = dict(
    type='MultiViewSparseRCNN',
    slices_at_once=1,
    data_preprocessor=dict(type='CaseDataPreprocessor', mean=0.2, std=0.2, num_channels=3, pad_size_divisor=32),
    backbone=dict(
        type='mmpretrain.TIMMBackbone', model_name='pvt_v2_b2_li', features_only=True, pretrained=False, in_channels=3
    ),
    neck=dict(type='FPN', in_channels=[64, 128, 320, 512], out_channels=hidden_dim, num_outs=4),
    rpn_head=dict(type='EmbeddingRPNHead', num_proposals=100, proposal_feature_channel=hidden_dim),
    roi_head=dict(
        type='MultiViewSparseRoIHead',
        num_stages=6,
        recompute_stages=True,
        proposal_feature_channel=hidden_dim,
        loss_mil=dict(type='NoisyOrMILLoss', image_weight=1.0, breast_weight=1.0),
        slice_loss_weight=1.0,
        slice_loss_stages='all',
        mil_stages='last',
        bbox_roi_extractor=dict(
            type='SingleRoIExtractor',
            roi_layer=dict(type='RoIAlign', output_size=7, sampling_ratio=2),
            out_channels=hidden_dim,
            featmap_strides=[4, 8, 16, 32],
        ),
        bbox_head=dict(
            type='SliceDIIHead',
            num_classes=1,
            malignant_class=0,
            in_channels=hidden_dim,
            num_heads=8,
            num_ffn_fcs=2,
            feedforward_channels=2048,
            num_cls_fcs=1,
            num_reg_fcs=3,
            dropout=0.0,
            ffn_act_cfg=dict(type='ReLU', inplace=True),
            dynamic_conv_cfg=dict(
                type='SliceDynamicConv',
                in_channels=hidden_dim,
                feat_channels=64,
                out_channels=hidden_dim,
                input_feat_shape=7,
                act_cfg=dict(type='ReLU', inplace=True),
                norm_cfg=dict(type='LN'),
            ),
            cross_view_attention=dict(type='CrossViewAttention', embed_dims=hidden_dim, num_heads=8),
            slice_fusion=dict(type='MalignancyWeightedFusion'),
            bbox_coder=dict(type='DeltaXYWHBBoxCoder', clip_border=False, target_stds=[0.5, 0.5, 1.0, 1.0]),
            loss_cls=dict(type='FocalLoss', use_sigmoid=True, gamma=2.0, alpha=0.25, loss_weight=2.0),
            loss_bbox=dict(type='L1Loss', loss_weight=5.0),
            loss_iou=dict(type='GIoULoss', loss_weight=2.0),
        ),
    ),
    train_cfg=dict(
        rpn=None,
        rcnn=dict(
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
        ),
    ),
    test_cfg=dict(rpn=None, rcnn=dict(max_per_img=100)),
)
