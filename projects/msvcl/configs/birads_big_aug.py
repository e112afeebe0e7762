# BigAug on BI-RADS of masses.
_base_ = ['./birads.py', './_base_/big_aug.py']
train_pipeline = [_base_.crop, dict(type='RandomFlipViews'), *_base_._big_aug, dict(type='PackCaseInputs')]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
