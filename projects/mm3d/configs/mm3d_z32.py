# Table 4: 32 slices.
_base_ = '../../../configs/mm3d_dbt.py'
loading = [dict(_base_.loading[0], num_slices=32), *_base_.loading[1:]]
dataset = dict(loading=loading)
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = dict(dataset=dataset)
