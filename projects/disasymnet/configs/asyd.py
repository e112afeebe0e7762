# Ablation AsyD: as asyd_syn.py, without synthesis.
_base_ = './asyd_syn.py'
train_dataloader = dict(dataset=dict(pipeline=[_base_.train_pipeline[0], _base_.train_pipeline[-1]]))
