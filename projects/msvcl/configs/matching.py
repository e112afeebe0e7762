# Mass matching: which masses of CC and MLO are one, learnt on top of a trained FCOS.
_base_ = '../../../configs/fcos_ffdm.py'
landmarks = dict(type='LocateLandmarks', pixel_mm=0.1)  # the paper's pixels, where a file does not say
train_pipeline = [landmarks, dict(type='RandomFlipViews'), dict(type='PackCaseInputs')]
test_pipeline = [landmarks, dict(type='PackCaseInputs')]
breasts = dict(group_by='breast', classes=['mass'])
train_dataloader = dict(
    batch_size=4,
    sampler=dict(positive_fraction=None),  # benign masses match as malignant ones do
    dataset=dict(pipeline=train_pipeline, **breasts),
)
val_dataloader = dict(dataset=dict(pipeline=test_pipeline, **breasts))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline, **breasts))
val_evaluator = dict(type='LesionPairMetric', classes=['mass'])
test_evaluator = dict(type='LesionPairMetric', classes=['mass'])
model = dict(
    type='MassMatchingDetector',
    pairs_from='truth',
    matching_head=dict(
        type='MassMatchingHead',
        in_channels=256,
        embed_dims=128,
        roi_extractor=dict(
            type='SingleRoIExtractor',
            roi_layer=dict(type='RoIAlign', output_size=7, sampling_ratio=2),
            out_channels=256,
            featmap_strides=[8, 16, 32],
        ),
        loss=dict(type='MarginContrastiveLoss', margin=10.0),
    ),
)
load_from = 'work_dirs/fcos_mass/iter_11250.pth'
start_fresh = ['matching_head']
