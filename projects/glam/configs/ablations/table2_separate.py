# Table 2, S_c-sep: what glam_local.py gives; S_c-joint is what glam_joint.py gives.
_base_ = '../glam_local.py'
model = dict(map_from='combined')
