# SimCLR's network: ResNet-50 in PyTorch style, whose weights detectors take as they are, and a head 2048-2048-128.
model = dict(
    type='ContrastivePretraining',
    scheme='simclr',
    data_preprocessor=dict(type='CopiesDataPreprocessor', mean=0.2, std=0.2, num_channels=3),
    backbone=dict(
        type='ResNet',
        depth=50,
        out_indices=(3,),
        style='pytorch',
        norm_eval=False,
        init_cfg=dict(type='Pretrained', checkpoint='torchvision://resnet50'),
    ),
    neck=dict(
        type='mmpretrain.NonLinearNeck',
        in_channels=2048,
        hid_channels=2048,
        out_channels=128,
        norm_cfg=dict(type='BN1d'),  # its default is for GPUs only, and BN would be the 2-D one
    ),
    loss=dict(type='MaskedNTXentLoss', temperature=0.1),
)
