# M&M-3D on one common GPU: bfloat16, one slice at a time through the backbone, nothing kept that can be computed again.
_base_ = '../../../configs/mm3d_dbt.py'
model = dict(slices_at_once=1, roi_head=dict(recompute_stages=True))
optim_wrapper = dict(type='AmpOptimWrapper', dtype='bfloat16')
