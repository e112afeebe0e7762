# CycleGAN for two vendors' styles (MSVCL v2, section III.B.1): every pair of vendors trains this config, see
# styles_plan.py. Architecture and losses are Zhu et al.'s (2017) with MSVCL's PatchGAN of six convolutions. 100 epochs
# of 1000 images, of which the second half has a falling rate; images as pretraining loads them, crops of 512 pixels.
_base_ = ['../../../configs/_base_/default_runtime.py', '../../../configs/_base_/datasets/ffdm_pretraining.py']
model = dict(
    type='CycleGAN',
    data_preprocessor=dict(type='StylePairPreprocessor', window=(0.0, 1.0)),
    generator=dict(type='ResNetGenerator', channels=1, width=64, blocks=9),
    discriminator=dict(type='PatchDiscriminator', channels=1, width=64, num_layers=4),
    cycle_weight=10.0,
    identity_weight=0.5,
    pool_size=50,
)
model_wrapper_cfg = dict(type='OwnStepDataParallel')
crop = dict(type='MakeCopies', transforms=[dict(type='RandomCropBreast', size=512, min_breast=0.5)], num_copies=1)
train_dataloader = dict(
    batch_size=1,
    dataset=dict(
        type='StylePairDataset',
        first=dict(style='GE', manufacturers=['GE MEDICAL SYSTEMS']),
        second=dict(style='Hologic', manufacturers=['HOLOGIC, Inc.']),
        pipeline=[crop, dict(type='PackCopies')],
    ),
)
train_cfg = dict(type='IterBasedTrainLoop', max_iters=100000)
adam = dict(type='Adam', lr=2e-4, betas=(0.5, 0.999))
optim_wrapper = dict(
    constructor='ModuleOptimConstructor',
    generators=dict(modules=['to_second', 'to_first'], optimizer=adam),
    discriminators=dict(modules=['of_first', 'of_second'], optimizer=adam),
)
# From step 50,000 on the factor falls by 1 / 50,001 a step, so that it is never 0.
param_scheduler = [dict(type='LinearLR', start_factor=1.0, end_factor=0.0, by_epoch=False, begin=49999, end=100001)]
default_hooks = dict(checkpoint=dict(interval=5000))
