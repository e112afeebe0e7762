# Rate 0.3 at a batch of 256 (MSVCL v2, section IV.B) is SimCLR's, and so are LARS and weight decay here.
# The paper does not say how many steps there are.
train_cfg = dict(type='IterBasedTrainLoop', max_iters=20000)
unscaled = dict(decay_mult=0.0, lars_exclude=True)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='mmpretrain.LARS', lr=0.3, momentum=0.9, weight_decay=1e-6),
    # Norms and biases; 'downsample.1' is the norm of a shortcut of ResNet.
    paramwise_cfg=dict(custom_keys={'bn': unscaled, 'bias': unscaled, 'downsample.1': unscaled}),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=1000),
    dict(type='CosineAnnealingLR', by_epoch=False, begin=1000, end=20000, eta_min=0.0),
]
auto_scale_lr = dict(enable=False, base_batch_size=256)
