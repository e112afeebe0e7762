# EfficientDet-D0 on FFDM, image by image; d1 to d4 beside it.
_base_ = [
    './_base_/default_runtime.py',
    './_base_/models/efficientdet.py',
    './_base_/datasets/ffdm_images.py',
    './_base_/schedules/adamw_1e-4.py',
]
