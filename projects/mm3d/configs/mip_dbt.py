# Tables 2 and 3, MIP: M&M on the maximum intensity projection, which is max pooling to one slice.
_base_ = '../../../configs/mm3d_dbt.py'
loading = [
    dict(type='LoadMammogram', num_slices=1),
    dict(type='OrientCanonical'),
    dict(type='CropBreast'),
    dict(type='ResizeBreast', width=1100, max_length=2200),
]
dataset = dict(loading=loading)
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = dict(dataset=dataset)
