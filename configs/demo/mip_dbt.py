# The baseline that flattens a volume: M&M on the maximum intensity projection, which is max pooling to one slice.
_base_ = './mnm_ffdm.py'
dataset = dict(modality='DBT')
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = dict(dataset=dataset)
val_evaluator = dict(modality='DBT')
test_evaluator = dict(modality='DBT')
model = dict(backbone=dict(frozen_stages=1))  # what FFDM has taught about edges stays, and steps cost a third less
train_cfg = dict(max_iters=500)
optim_wrapper = dict(optimizer=dict(lr=3e-4))  # 1e-3 undoes what FFDM has taught
load_from = 'demo/work_dirs/mnm_ffdm/iter_800.pth'
