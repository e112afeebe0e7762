# The demo's M&M-3D: the model of mnm_ffdm.py, on eight slice bins of each volume.
_base_ = './mip_dbt.py'
loading = [
    dict(type='LoadMammogram', num_slices=8),
    dict(type='OrientCanonical'),
    dict(type='CropBreast'),
    dict(type='ResizeBreast', width=96, max_length=192),
]
dataset = dict(loading=loading)
train_dataloader = dict(batch_size=4, dataset=dataset)
val_dataloader = dict(batch_size=4, dataset=dataset)
test_dataloader = dict(batch_size=4, dataset=dataset)
train_cfg = dict(max_iters=1000)  # as many breasts as mip_dbt.py sees
