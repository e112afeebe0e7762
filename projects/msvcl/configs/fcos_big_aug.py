# BigAug on detection.
_base_ = ['../../../configs/fcos_mass.py', './_base_/big_aug.py']
train_pipeline = [_base_.resample, dict(type='RandomFlipViews'), *_base_._big_aug, dict(type='PackCaseInputs')]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
