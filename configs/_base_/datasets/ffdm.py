# FFDM: one slice an image. tools/convert_dataset.py makes the annotation file, with the splits train, validation, test.
data_root = 'data/'
loading = [
    dict(type='LoadMammogram', num_slices=1),
    dict(type='OrientCanonical'),
    dict(type='CropBreast'),
    dict(type='ResizeBreast', width=1100, max_length=2200),
]
train_pipeline = [
    dict(type='RandomFlipViews', prob_horizontal=0.5, prob_vertical=0.5),
    dict(type='PackCaseInputs'),
]
test_pipeline = [dict(type='PackCaseInputs')]
dataset = dict(
    type='CaseDataset',
    data_root=data_root,
    ann_file='ffdm.json',
    modality='FFDM',
    classes=['malignant'],
    loading=loading,
)
train_dataloader = dict(
    batch_size=1,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='BalancedCaseSampler', positive_fraction=0.5),
    collate_fn=dict(type='collate_cases'),
    dataset=dict(split='train', pipeline=train_pipeline, **dataset),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=4,
    persistent_workers=True,
    drop_last=False,
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='collate_cases'),
    dataset=dict(split='validation', test_mode=True, pipeline=test_pipeline, **dataset),
)
test_dataloader = dict(
    batch_size=1,
    num_workers=4,
    persistent_workers=True,
    drop_last=False,
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='collate_cases'),
    dataset=dict(split='test', test_mode=True, pipeline=test_pipeline, **dataset),
)
val_evaluator = dict(
    type='VolumeDetectionMetric', ann_file=data_root + 'ffdm.json', split='validation', modality='FFDM'
)
test_evaluator = dict(type='VolumeDetectionMetric', ann_file=data_root + 'ffdm.json', split='test', modality='FFDM')
