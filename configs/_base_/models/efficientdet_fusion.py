# SM/FFDM fusion (Sharma et al. 2024): the EfficientDet that A, B, C and both baselines are. The paper names no size.
efficientdet = dict(
    type='EfficientDet',
    compound='d0',
    variant='tf',
    num_classes=1,
    backbone=dict(type='mmpretrain.TIMMBackbone', model_name='tf_efficientnet_b0', pretrained=False),
    bbox_head=dict(
        loss_cls=dict(type='TwoGammaFocalLoss', gamma_positive=2.5, gamma_negative=2.5, alpha=0.9, loss_weight=1.0)
    ),
    test_cfg=dict(
        nms_pre=1000, min_bbox_size=0, score_thr=0.0, nms=dict(type='nms', iou_threshold=0.5), max_per_img=100
    ),
)
model = dict(
    type='MammogramDetector',
    data_preprocessor=dict(type='CaseDataPreprocessor', mean=0.2, std=0.2, num_channels=3, pad_size_divisor=128),
)
