# BigAug on density.
_base_ = ['./density.py', './_base_/big_aug.py']
train_pipeline = [dict(type='RandomFlipViews'), *_base_._big_aug, dict(type='PackCaseInputs')]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
