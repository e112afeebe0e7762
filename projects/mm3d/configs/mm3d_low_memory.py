# M&M-3D in the least memory: bfloat16 on top of the headline config, which computes again what can be.
_base_ = '../../../configs/mm3d_dbt.py'
optim_wrapper = dict(type='AmpOptimWrapper', dtype='bfloat16')
