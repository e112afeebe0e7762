# DINO of mmdet on FFDM, image by image; docs/mmdet_detectors.md tells how to bring another one.
_base_ = [
    './_base_/default_runtime.py',
    './_base_/models/mammogram_detector.py',
    './_base_/datasets/ffdm_images.py',
    './_base_/schedules/adamw_1e-4.py',
]
from mmengine.hub import get_config  # noqa: E402

detector = get_config('mmdet::dino/dino-4scale_r50_8xb2-12e_coco.py').model
detector.bbox_head.num_classes = 1
model = dict(detector=detector)
optim_wrapper = dict(clip_grad=dict(max_norm=0.1), paramwise_cfg=dict(custom_keys=dict(backbone=dict(lr_mult=0.1))))
