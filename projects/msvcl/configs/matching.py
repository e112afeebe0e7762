# Mass matching: which masses of CC and MLO are one, learnt on top of a trained FCOS and of what it finds, false
# positives included. Pixels are those that FCOS learned on; rate and decay are section IV.B's, for 4 breasts a step.
_base_ = '../../../configs/fcos_mass.py'
# The paper's pixels, where a file does not say.
landmarks = dict(type='LocateLandmarks', pixel_mm=0.1)
resample = dict(type='ResamplePixels', pixel_mm=0.1, unknown_mm=0.1)
train_pipeline = [
    landmarks,
    resample,
    dict(type='RandomFlipViews'),
    dict(type='RandomShiftScale', shift=0.0, scale=(0.8, 1.25)),
    dict(type='PackCaseInputs'),
]
test_pipeline = [landmarks, resample, dict(type='PackCaseInputs')]
breasts = dict(group_by='breast', classes=['mass'])
train_dataloader = dict(
    batch_size=4,
    dataset=dict(pipeline=train_pipeline, **breasts),
)
val_dataloader = dict(dataset=dict(pipeline=test_pipeline, **breasts))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline, **breasts))
scored = dict(
    _delete_=True, type='LesionPairMetric', ann_file=_base_.val_evaluator.ann_file, modality='FFDM', classes=['mass']
)
val_evaluator = dict(split='validation', **scored)
test_evaluator = dict(split='test', **scored)
model = dict(
    type='MassMatchingDetector',
    pairs_from='detections',
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
optim_wrapper = dict(
    _delete_=True,
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.001, momentum=0.9, weight_decay=1e-5),
    clip_grad=dict(max_norm=35.0, norm_type=2),
)
auto_scale_lr = dict(base_batch_size=4)
default_hooks = dict(checkpoint=dict(save_best=None))
load_from = 'work_dirs/fcos_mass/iter_11250.pth'
start_fresh = ['matching_head']
