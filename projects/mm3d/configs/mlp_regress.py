# Eq. 10, MLP-Regress; volumes need at least 16 slices.
_base_ = '../../../configs/mm3d_dbt.py'
slice_fusion = dict(_delete_=True, type='MLPRegressFusion', num_slices=16, embed_dims=256)
model = dict(roi_head=dict(bbox_head=dict(slice_fusion=slice_fusion)))
