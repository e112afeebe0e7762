# EfficientDet-D0 from ImageNet weights. For effdet's COCO weights: mammo convert-checkpoint, then load_from.
model = dict(
    type='MammogramDetector',
    data_preprocessor=dict(type='CaseDataPreprocessor', mean=0.2, std=0.2, num_channels=3, pad_size_divisor=128),
    detector=dict(
        type='EfficientDet',
        compound='d0',
        variant='tf',
        num_classes=1,
        backbone=dict(type='mmpretrain.TIMMBackbone', model_name='tf_efficientnet_b0', pretrained=True),
        # FROC wants the less suspicious findings too.
        test_cfg=dict(
            nms_pre=1000, min_bbox_size=0, score_thr=0.0, nms=dict(type='nms', iou_threshold=0.5), max_per_img=100
        ),
    ),
)
