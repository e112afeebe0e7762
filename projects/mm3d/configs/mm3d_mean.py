# Table 5, MeanPool.
_base_ = '../../../configs/mm3d_dbt.py'
model = dict(roi_head=dict(bbox_head=dict(slice_fusion=dict(_delete_=True, type='MeanFusion'))))
