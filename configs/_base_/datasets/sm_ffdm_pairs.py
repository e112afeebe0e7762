# Synthetic mammogram and FFDM of one view on one grid. Views are turned while loading; ShareGrid crops both alike.
_base_ = './ffdm.py'
data_root = 'data/'
modalities = ['SM', 'FFDM']
loading = [dict(type='LoadMammogram', num_slices=1), dict(type='OrientCanonical')]
share_grid = dict(type='ShareGrid', width=1100, max_length=2200)
train_pipeline = [
    share_grid,
    dict(type='RandomFlipViews', prob_horizontal=0.5, prob_vertical=0.5),
    dict(type='PackCaseInputs'),
]
test_pipeline = [share_grid, dict(type='PackCaseInputs')]
dataset = dict(ann_file='sm_ffdm.json', modality=modalities, group_by='modalities', incomplete='drop', loading=loading)
train_dataloader = dict(dataset=dict(pipeline=train_pipeline, **dataset))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline, **dataset))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline, **dataset))
# What is said of the FFDM is scored; modality=modalities scores both, and tells them apart by a column Modality.
val_evaluator = dict(ann_file=data_root + 'sm_ffdm.json', modality='FFDM')
test_evaluator = dict(ann_file=data_root + 'sm_ffdm.json', modality='FFDM')
