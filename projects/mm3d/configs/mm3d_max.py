# Table 5, MaxPool: the most malignant slice stands for all.
_base_ = '../../../configs/mm3d_dbt.py'
model = dict(roi_head=dict(bbox_head=dict(slice_fusion=dict(_delete_=True, type='MaxFusion'))))
