# M&M-3D from FFDM weights with the backbone of mm3d_coco.py: the other side of Fig. 6.
_base_ = '../../../configs/mm3d_dbt.py'
model = dict(
    backbone=dict(_delete_=True, type='ResNet', depth=50, norm_eval=True), neck=dict(in_channels=[256, 512, 1024, 2048])
)
load_from = 'work_dirs/mnm_ffdm_r50/iter_40000.pth'
