# Classifiers and matching of MSVCL v2, section IV.B: 50 epochs of its 1,800 images in batches of 128.
train_cfg = dict(type='IterBasedTrainLoop', max_iters=703, val_interval=70)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.001, momentum=0.9, weight_decay=1e-5))
auto_scale_lr = dict(enable=False, base_batch_size=128)
