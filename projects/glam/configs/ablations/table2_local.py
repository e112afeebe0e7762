# Table 2, S_l.
_base_ = '../glam_local.py'
model = dict(map_from='local')
