# MoCo v2 of mmpretrain in place of SimCLR. Its queue must be a multiple of the global batch.
_base_ = './simclr.py'
model = dict(
    _delete_=True,
    type='mmpretrain.MoCo',
    queue_len=65536,
    feat_dim=128,
    momentum=0.001,
    data_preprocessor=dict(type='mmdet.CopiesDataPreprocessor', mean=0.2, std=0.2, num_channels=3),
    backbone=dict(
        type='mmdet.ResNet',
        depth=50,
        out_indices=(3,),
        norm_eval=False,
        init_cfg=dict(type='Pretrained', checkpoint='torchvision://resnet50'),
    ),
    neck=dict(type='mmpretrain.MoCoV2Neck', in_channels=2048, hid_channels=2048, out_channels=128),
    head=dict(type='mmpretrain.ContrastiveHead', loss=dict(type='mmpretrain.CrossEntropyLoss'), temperature=0.2),
)
