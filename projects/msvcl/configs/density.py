# Breast density of each image, A and B against C and D: ResNet-50 of mmpretrain on whole images of 224 x 224 pixels.
# A pretrained backbone: model.backbone.init_cfg=dict(type='Pretrained', checkpoint=PATH, prefix='backbone.')
_base_ = [
    '../../../configs/_base_/default_runtime.py',
    '../../../configs/_base_/datasets/ffdm_images.py',
    '../../../configs/_base_/schedules/sgd_50_epochs.py',
]
loading = [
    dict(type='LoadMammogram', num_slices=1),
    dict(type='OrientCanonical'),
    dict(type='ResizeToSquare', size=224),
]
train_pipeline = [
    dict(type='RandomFlipViews'),
    dict(type='RandomShiftScale', shift=0.0, scale=(0.8, 1.25)),
    dict(type='PackCaseInputs'),
]
images = dict(loading=loading, labels=['density'])
train_dataloader = dict(
    batch_size=128,
    sampler=dict(positive_fraction=None),
    dataset=dict(pipeline=train_pipeline, filter_cfg=dict(known_labels=['density']), **images),
)
val_dataloader = dict(dataset=images)
test_dataloader = dict(dataset=images)
val_evaluator = dict(
    _delete_=True, type='LabelMetric', ann_file=_base_.val_evaluator.ann_file, split='validation', modality='FFDM'
)
test_evaluator = dict(
    _delete_=True,
    type='LabelMetric',
    ann_file=_base_.test_evaluator.ann_file,
    split='test',
    modality='FFDM',
    bootstrap=1000,
)
model = dict(
    type='MammogramClassifier',
    data_preprocessor=dict(type='CaseDataPreprocessor', mean=0.2, std=0.2, num_channels=3),
    backbone=dict(
        type='mmpretrain.ResNet',
        depth=50,
        init_cfg=dict(type='Pretrained', checkpoint='torchvision://resnet50'),
    ),
    neck=dict(type='mmpretrain.GlobalAveragePooling'),
    in_channels=2048,
    targets=[dict(name='density', classes=['A/B', 'C/D'])],
)
find_unused_parameters = False
