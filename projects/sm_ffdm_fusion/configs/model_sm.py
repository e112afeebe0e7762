# Stage I, A, and the baseline Model_SM: EfficientDet on synthetic mammograms. COCO weights: load_from (README).
_base_ = [
    '../../../configs/_base_/default_runtime.py',
    '../../../configs/_base_/models/efficientdet_fusion.py',
    '../../../configs/_base_/datasets/sm_images.py',
    '../../../configs/_base_/schedules/adamw_1.5e-4_cosine.py',
]
model = dict(detector={{_base_.efficientdet}})
# FAUC-1; the 100 pixels of a hit are those of the image that is scored.
val_evaluator = dict(protocols=['center-hit'], hit_pixels_of='own')
test_evaluator = dict(protocols=['center-hit'], hit_pixels_of='own')
