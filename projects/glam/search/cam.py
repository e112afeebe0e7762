# CAM, whose own pooling is that of all cells. Appendix F.
#   mammo search projects/glam/search/cam.py --out work/search_cam
_base_ = './base.py'
config = 'projects/glam/configs/cam.py'
space = {'model.global_module.pool_fraction': [0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 1.0]}
