# G.8, lambda = 10^-3.53, and S_g the plain mean of the three maps.
_base_ = '../glam_global.py'
model = dict(global_module=dict(map_weights=[1 / 3, 1 / 3, 1 / 3]), loss_sparsity=dict(loss_weight=2.95e-4))
