# GLAM's global module. Appendix F.
#   mammo search projects/glam/search/global_module.py --out work/search_global_module
_base_ = './base.py'
config = 'projects/glam/configs/glam_global.py'
space = {'model.global_module.pool_fraction': [0.01, 0.02, 0.03, 0.05, 0.1, 0.2]}
