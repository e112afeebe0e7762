# G.5, three patches in prediction; of the weights of glam_local.py.
_base_ = './table2_local.py'
model = dict(test_patches=3)
