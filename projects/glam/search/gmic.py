# GMIC. Appendix F.
#   mammo search projects/glam/search/gmic.py --out work/search_gmic
_base_ = './base.py'
config = 'projects/glam/configs/gmic.py'
space = {'model.global_module.pool_fraction': [0.01, 0.02, 0.03, 0.05, 0.1, 0.2]}
