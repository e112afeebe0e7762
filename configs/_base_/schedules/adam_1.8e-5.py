# For GLAM, GMIC and CAM: Adam at the middle, on a logarithmic scale, of the rates that GLAM searches (10^-5.5 to 10^-4,
# appendix F). The paper trains 50 epochs of its own data; steps are this project's choice.
train_cfg = dict(type='IterBasedTrainLoop', max_iters=50000, val_interval=2500)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=1.8e-5))
param_scheduler = []
auto_scale_lr = dict(enable=False, base_batch_size=4)
