# Stage I at 2944 x 1920, the size of the group's FFDM work, on one GPU of 24 GB.
_base_ = './model_sm.py'
share_grid = dict(type='ShareGrid', width=1920, max_length=2944)
test_pipeline = [share_grid, dict(type='PackCaseInputs')]
train_pipeline = [
    share_grid,
    dict(type='RandomFlipViews', prob_horizontal=0.5, prob_vertical=0.5),
    dict(type='PackCaseInputs'),
]
model = dict(detector=dict(recompute=True))
train_dataloader = dict(batch_size=4, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
