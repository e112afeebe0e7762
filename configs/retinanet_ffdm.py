# RetinaNet of mmdet on FFDM, image by image; docs/mmdet_detectors.md tells how to bring another one.
_base_ = [
    './_base_/default_runtime.py',
    './_base_/models/mammogram_detector.py',
    './_base_/datasets/ffdm_images.py',
    './_base_/schedules/adamw_1e-4.py',
]
from mmengine.hub import get_config  # noqa: E402

detector = get_config('mmdet::retinanet/retinanet_r50_fpn_1x_coco.py').model
detector.bbox_head.num_classes = 1
detector.test_cfg.score_thr = 0.0  # FROC wants the less suspicious findings too
model = dict(detector=detector)
