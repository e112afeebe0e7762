# Stage I, A, and the baseline Model_SM: EfficientDet on synthetic mammograms. COCO weights: load_from (README).
_base_ = [
    '../../../configs/_base_/default_runtime.py',
    '../../../configs/_base_/models/efficientdet_fusion.py',
    '../../../configs/_base_/datasets/sm_images.py',
    '../../../configs/_base_/schedules/adamw_1.5e-4_cosine.py',
]
model = dict(detector={{_base_.efficientdet}})
val_evaluator = dict(protocols=['center-hit'])  # FAUC-1
test_evaluator = dict(protocols=['center-hit'])
