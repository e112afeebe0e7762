# Eq. 8, TimeSform.
_base_ = '../../../configs/mm3d_dbt.py'
slice_fusion = dict(_delete_=True, type='RoIAttentionFusion', embed_dims=256, num_heads=8)
model = dict(roi_head=dict(bbox_head=dict(slice_fusion=slice_fusion)))
