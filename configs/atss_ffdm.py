# mmdet's own ATSS on FFDM, image by image. Optimiser and rate are this project's; a step is one breast.
_base_ = [
    './_base_/default_runtime.py',
    './_base_/datasets/ffdm.py',
    './_base_/schedules/adamw_2.5e-5.py',
]
from mmengine.hub import get_config  # noqa: E402

detector = get_config('mmdet::atss/atss_r50_fpn_1x_coco.py').model
detector.bbox_head.num_classes = 1
model = dict(
    type='MammogramDetector',
    data_preprocessor=dict(type='CaseDataPreprocessor', mean=0.2, std=0.2, num_channels=3, pad_size_divisor=32),
    detector=detector,
)
optim_wrapper = dict(
    optimizer=dict(_delete_=True, type='SGD', lr=1e-3, momentum=0.9, weight_decay=1e-4),
    clip_grad=dict(max_norm=35, norm_type=2),
)
