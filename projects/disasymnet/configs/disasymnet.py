# DisAsymNet on pairs of FFDM: AsyC, AsyD, refinement, synthesis. The paper's size, rate and batch; 20 epochs are 20,000
# steps on VinDr-Mammo. Wants a bank of tumours of another data set: mammo tumour-bank OTHER.json data/tumours
_base_ = [
    '../../../configs/_base_/default_runtime.py',
    '../../../configs/_base_/models/disasymnet.py',
    '../../../configs/_base_/datasets/bilateral.py',
]
loading = [
    dict(type='LoadMammogram', num_slices=1),
    dict(type='OrientCanonical'),
    dict(type='CropBreast'),
    dict(type='ResizeBreast', width=512, max_length=1024),
]
train_pipeline = [
    dict(type='RandomShiftScale', shift=0.05, scale=(0.9, 1.1)),
    dict(type='InsertTumours', bank=dict(type='TumourBank', folder='data/tumours')),
    dict(type='PackCaseInputs'),
]
pairs = dict(labels=['abnormal'], loading=loading)
train_dataloader = dict(
    batch_size=8, sampler=dict(positive_fraction=None), dataset=dict(pipeline=train_pipeline, **pairs)
)
val_dataloader = dict(dataset=pairs)
test_dataloader = dict(dataset=pairs)
images = dict(ann_file=_base_.data_root + 'ffdm.json', modality='FFDM')
val_evaluator = dict(_delete_=True, type='LabelMetric', split='validation', **images)
test_evaluator = [
    dict(type='LabelMetric', split='test', bootstrap=1000, **images),
    dict(type='SaliencyMetric', split='test', threshold=0.999, outdir='work_dirs/disasymnet/maps', **images),
    dict(type='PictureWriter', split='test', outdir='work_dirs/disasymnet/pictures', **images),
]

model_wrapper_cfg = dict(type='OwnStepDataParallel')
adam = dict(optimizer=dict(type='Adam', lr=1e-4))
optim_wrapper = dict(constructor='ModuleOptimConstructor', asyc=adam, asyd=adam)
decay = dict(type='MultiStepLR', by_epoch=False, milestones=[10000], gamma=0.1)
param_scheduler = dict(asyc=[decay], asyd=[decay])
train_cfg = dict(type='IterBasedTrainLoop', max_iters=20000, val_interval=1000)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
auto_scale_lr = dict(enable=False, base_batch_size=8)
