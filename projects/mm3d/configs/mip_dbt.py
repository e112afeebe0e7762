# Tables 2 and 3, MIP: M&M on the maximum intensity projection, which is max pooling to one slice.
_base_ = '../../../configs/mm3d_dbt.py'
loading = [dict(_base_.loading[0], num_slices=1), *_base_.loading[1:]]
dataset = dict(loading=loading)
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = dict(dataset=dataset)
