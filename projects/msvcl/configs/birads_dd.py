# Domain diversification on BI-RADS of masses, see fcos_dd.py.
_base_ = ['./birads.py', './_base_/shifted_styles.py']
train_dataloader = dict(dataset=dict(pipeline=[_base_._shift, *_base_.train_pipeline]))
