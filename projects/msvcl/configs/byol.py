# BYOL of mmpretrain in place of SimCLR; it knows no negatives.
_base_ = './simclr.py'
mlp = dict(
    type='mmpretrain.NonLinearNeck',
    hid_channels=4096,
    out_channels=256,
    with_bias=True,
    with_last_bn=False,
    norm_cfg=dict(type='BN1d'),
)
model = dict(
    _delete_=True,
    type='mmpretrain.BYOL',
    base_momentum=0.01,
    data_preprocessor=dict(type='mmdet.CopiesDataPreprocessor', mean=0.2, std=0.2, num_channels=3),
    backbone=dict(
        type='mmdet.ResNet',
        depth=50,
        out_indices=(3,),
        norm_eval=False,
        init_cfg=dict(type='Pretrained', checkpoint='torchvision://resnet50'),
    ),
    neck=dict(in_channels=2048, with_avg_pool=True, **mlp),
    head=dict(
        type='mmpretrain.LatentPredictHead',
        predictor=dict(in_channels=256, with_avg_pool=False, **mlp),
        loss=dict(type='mmpretrain.CosineSimilarityLoss'),
    ),
)
