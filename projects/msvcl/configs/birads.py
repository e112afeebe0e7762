# BI-RADS of the largest mass of each image, on the square around its box. Boxes of images without annotations come from
# a detector: test_dataloader.dataset.pipeline.0.boxes=predictions.csv
_base_ = './density.py'
loading = [dict(type='LoadMammogram', num_slices=1), dict(type='OrientCanonical')]
crop = dict(type='CropFinding', size=224, margin=0.2)
train_pipeline = [
    crop,
    dict(type='RandomFlipViews'),
    dict(type='RandomShiftScale', shift=0.0, scale=(0.8, 1.25)),
    dict(type='PackCaseInputs'),
]
masses = dict(loading=loading, labels=['mass_birads'], classes=['mass'])
train_dataloader = dict(
    dataset=dict(pipeline=train_pipeline, filter_cfg=dict(_delete_=True, known_labels=['mass_birads']), **masses),
)
val_dataloader = dict(dataset=dict(pipeline=[crop, dict(type='PackCaseInputs')], **masses))
test_dataloader = dict(dataset=dict(pipeline=[crop, dict(type='PackCaseInputs')], **masses))
model = dict(targets=[dict(name='mass_birads', classes=['2/3', '4A', '4B', '4C', '5'])])
