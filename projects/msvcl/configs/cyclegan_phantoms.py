# A toy of cyclegan.py for phantoms of 192 x 128 pixels of two vendors: a few minutes on one free core.
_base_ = './cyclegan.py'
model = dict(generator=dict(width=8, blocks=2), discriminator=dict(width=8, num_layers=3))
crop = dict(type='MakeCopies', transforms=[dict(type='RandomCropBreast', size=64, min_breast=0.5)], num_copies=1)
train_dataloader = dict(
    num_workers=0,
    persistent_workers=False,
    dataset=dict(
        loading=[dict(type='LoadMammogram', num_slices=1), dict(type='OrientCanonical'), dict(type='CropBreast')],
        cache_in_memory=True,
        first=dict(style='B', manufacturers=['Phantom Vendor B']),
        second=dict(style='C', manufacturers=['Phantom Vendor C']),
        pipeline=[crop, dict(type='PackCopies')],
    ),
)
train_cfg = dict(max_iters=2000)
optim_wrapper = dict(generators=dict(optimizer=dict(lr=5e-4)), discriminators=dict(optimizer=dict(lr=5e-4)))
param_scheduler = [dict(type='LinearLR', start_factor=1.0, end_factor=0.0, by_epoch=False, begin=999, end=2001)]
default_hooks = dict(checkpoint=dict(interval=500))
