# Ablation AsyC & AsyD: no synthesis.
_base_ = './disasymnet.py'
train_dataloader = dict(dataset=dict(pipeline=[_base_.train_pipeline[0], _base_.train_pipeline[-1]]))
