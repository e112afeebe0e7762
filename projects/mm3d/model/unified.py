# The ready model: one run on FFDM and SM (one slice each) and DBT (eight slices) of phantoms: it reads any exam.
_base_ = '../../../configs/demo/mm3d_dbt.py'
every = dict(modality=['FFDM', 'SM', 'DBT'])
train_dataloader = dict(dataset=every)
val_dataloader = dict(dataset=every)
test_dataloader = dict(dataset=every)
val_evaluator = dict(modality=None)
test_evaluator = dict(modality=None)
load_from = None
train_cfg = dict(max_iters=2400)
