# The paper states the optimiser; length and warm-up are this project's.
train_cfg = dict(type='IterBasedTrainLoop', max_iters=40000, val_interval=2000)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=2.5e-5, weight_decay=1e-4),
    clip_grad=dict(max_norm=1.0, norm_type=2),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=1000),
    dict(type='MultiStepLR', by_epoch=False, begin=0, end=40000, milestones=[27000, 36000], gamma=0.1),
]
# The rate is meant for so many breasts a step: mammo train --auto-scale-lr multiplies it by GPUs x batch_size / this.
auto_scale_lr = dict(enable=False, base_batch_size=1)
