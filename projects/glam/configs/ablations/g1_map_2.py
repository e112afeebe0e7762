# G.1, S_2 alone; of the weights of glam_global.py.
_base_ = '../glam_global.py'
model = dict(global_module=dict(map_weights=[0.0, 0.0, 1.0]))
