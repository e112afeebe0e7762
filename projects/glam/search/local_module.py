# GLAM's local module, from the best global one. Appendix F.
#   mammo search projects/glam/search/local_module.py --out work/search_local \
#       --cfg-options load_from=work/search_global/trials/007/training/best_...pth
_base_ = './base.py'
config = 'projects/glam/configs/glam_local.py'
space = {'model.aggregation.pool_fraction': [0.01, 0.02, 0.03, 0.05, 0.1, 0.2]}
