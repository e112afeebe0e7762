# RTMDet-l of mmdet on FFDM, image by image; docs/mmdet_detectors.md tells how to bring another one.
_base_ = [
    './_base_/default_runtime.py',
    './_base_/models/mammogram_detector.py',
    './_base_/datasets/ffdm_images.py',
    './_base_/schedules/adamw_1e-4.py',
]
from mmengine.hub import get_config  # noqa: E402

detector = get_config('mmdet::rtmdet/rtmdet_l_8xb32-300e_coco.py').model
detector.bbox_head.num_classes = 1
for part in (detector.backbone, detector.neck, detector.bbox_head):
    part.norm_cfg = dict(type='BN')  # sync_bn='torch' joins the statistics of several GPUs
detector.test_cfg.score_thr = 0.0  # FROC wants the less suspicious findings too
model = dict(detector=detector)
optim_wrapper = dict(
    optimizer=dict(weight_decay=0.05),
    paramwise_cfg=dict(norm_decay_mult=0, bias_decay_mult=0, bypass_duplicate=True),  # levels share convolutions
)
