# The demo's M&M on the FFDM of the phantoms.
_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/models/mnm_tiny.py',
    '../_base_/datasets/ffdm.py',
    '../_base_/schedules/demo.py',
]
data_root = 'demo/'
loading = [
    dict(type='LoadMammogram', num_slices=1),
    dict(type='OrientCanonical'),
    dict(type='CropBreast'),
    dict(type='ResizeBreast', width=96, max_length=192),
]
train_pipeline = [
    dict(type='RandomFlipViews', prob_horizontal=0.5, prob_vertical=0.5),
    dict(type='PackCaseInputs'),
]
dataset = dict(data_root=data_root, ann_file='phantoms.json', loading=loading, cache_in_memory=True)
train_dataloader = dict(
    batch_size=8, num_workers=0, persistent_workers=False, dataset=dict(pipeline=train_pipeline, **dataset)
)
val_dataloader = dict(batch_size=8, num_workers=0, persistent_workers=False, dataset=dataset)
test_dataloader = dict(batch_size=8, num_workers=0, persistent_workers=False, dataset=dataset)
val_evaluator = dict(ann_file=data_root + 'phantoms.json')
test_evaluator = dict(ann_file=data_root + 'phantoms.json')
