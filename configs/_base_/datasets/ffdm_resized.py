# As ffdm_window.py, but the whole breast in the window: proportions stay, air fills it.
_base_ = './ffdm_window.py'
loading = [
    dict(type='LoadMammogram', num_slices=1),
    dict(type='OrientCanonical'),
    dict(type='CropBreast'),
    dict(type='ResizeBreast', width=1920, max_length=2944),
    dict(type='CutWindow', height=2944, width=1920),
]
dataset = dict(loading=loading)
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = dict(dataset=dataset)
