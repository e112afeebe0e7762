# M&M on FFDM with a ResNet-50, for which mmdet publishes COCO weights: the start of mm3d_r50.py.
_base_ = '../../../configs/mnm_ffdm.py'
weights = dict(type='Pretrained', checkpoint='torchvision://resnet50')
model = dict(
    backbone=dict(_delete_=True, type='ResNet', depth=50, norm_eval=True, init_cfg=weights),
    neck=dict(in_channels=[256, 512, 1024, 2048]),
)
