# Domain diversification on density, see fcos_dd.py.
_base_ = ['./density.py', './_base_/shifted_styles.py']
train_dataloader = dict(dataset=dict(pipeline=[_base_._shift, *_base_.train_pipeline]))
