# Table 2, S_g of the frozen global module, with which S_l was trained.
_base_ = '../glam_local.py'
model = dict(map_from='global')
