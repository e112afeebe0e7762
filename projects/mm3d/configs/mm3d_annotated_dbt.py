# Table 3, M&M-3D*: without malignant breasts whose findings nobody marked.
_base_ = '../../../configs/mm3d_dbt.py'
train_dataloader = dict(dataset=dict(filter_cfg=dict(drop_unannotated=True)))
