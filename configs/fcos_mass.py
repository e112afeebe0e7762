# FCOS on masses, image by image, as MSVCL v2: PyTorch-style ResNet-50 without anything frozen, pixels of 0.1 mm.
# A pretrained backbone: model.detector.backbone.init_cfg=dict(type='Pretrained', checkpoint=PATH, prefix='backbone.')
_base_ = './fcos_ffdm.py'
loading = [
    dict(type='LoadMammogram', num_slices=1),
    dict(type='OrientCanonical'),
    dict(type='CropBreast'),
]
resample = dict(type='ResamplePixels', pixel_mm=0.1)
train_pipeline = [
    resample,
    dict(type='RandomFlipViews'),
    dict(type='RandomShiftScale', shift=0.0, scale=(0.8, 1.25)),
    dict(type='PackCaseInputs'),
]
test_pipeline = [resample, dict(type='PackCaseInputs')]
masses = dict(classes=['mass'], loading=loading)
train_dataloader = dict(
    batch_size=8,
    sampler=dict(positive_fraction=None),  # benign masses are masses
    dataset=dict(pipeline=train_pipeline, **masses),
)
val_dataloader = dict(dataset=dict(pipeline=test_pipeline, **masses))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline, **masses))
val_evaluator = dict(protocols=['coco', 'mm3d-2d'], targets=['mass'])
test_evaluator = dict(protocols=['coco', 'mm3d-2d'], targets=['mass'], bootstrap=1000)
model = dict(
    detector=dict(
        backbone=dict(frozen_stages=-1, norm_eval=False, norm_cfg=dict(type='BN', requires_grad=True)),
    )
)
# 50 epochs of the paper's 1,800 images; the steps of the rate are those of mmdet's FCOS, which the paper does not give.
train_cfg = dict(max_iters=11250, val_interval=1125)
optim_wrapper = dict(
    _delete_=True,
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.005, momentum=0.9, weight_decay=1e-4),
    paramwise_cfg=dict(bias_lr_mult=2.0, bias_decay_mult=0.0),
    clip_grad=dict(max_norm=35.0, norm_type=2),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=500),
    dict(type='MultiStepLR', by_epoch=False, begin=0, end=11250, milestones=[7500, 10310], gamma=0.1),
]
auto_scale_lr = dict(base_batch_size=8)
default_hooks = dict(checkpoint=dict(save_best='coco/AP50', rule='greater'))
