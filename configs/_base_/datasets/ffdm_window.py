# FFDM image by image, a window of 2944 x 1920 of stored pixels around the breast, as GMIC and GLAM read it; learns from
# labels of images, and scores labels, saliency maps and the findings in them. ffdm_resized.py shrinks the breast into
# the window instead.
_base_ = './ffdm_images.py'
loading = [
    dict(type='LoadMammogram', num_slices=1),
    dict(type='OrientCanonical'),
    dict(type='CropBreast'),
    dict(type='CutWindow', height=2944, width=1920),
]
train_pipeline = [
    # GMIC's noise: the window moves, and its size varies, by up to 100 pixels.
    dict(type='RandomShiftScale', shift=0.034, scale=(0.95, 1.05)),
    dict(type='PackCaseInputs'),
]
dataset = dict(loading=loading, classes=['benign', 'malignant'], labels=['benign', 'malignant'])
train_dataloader = dict(
    batch_size=4,
    # All images of exams with a finding, and as many of exams without one.
    sampler=dict(label=['benign', 'malignant'], unit='exam'),
    dataset=dict(pipeline=train_pipeline, **dataset),
)
val_dataloader = dict(dataset=dataset)
test_dataloader = dict(dataset=dataset)
images = dict(ann_file=_base_.data_root + 'ffdm.json', modality='FFDM')
val_evaluator = [
    dict(type='LabelMetric', split='validation', **images),
    dict(type='SaliencyMetric', split='validation', outdir='work_dirs/saliency/validation', grid='image', **images),
]
test_evaluator = [
    dict(type='LabelMetric', split='test', **images),
    dict(type='SaliencyMetric', split='test', outdir='work_dirs/saliency/test', grid='image', **images),
    dict(type='VolumeDetectionMetric', split='test', protocols=['center-hit', 'iou-froc'], **images),
]
