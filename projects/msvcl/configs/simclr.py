# Two copies of each image in its own style: the baseline (Table II, ImageNet -> Mammo).
_base_ = [
    '../../../configs/_base_/default_runtime.py',
    '../../../configs/_base_/models/contrastive.py',
    '../../../configs/_base_/datasets/ffdm_pretraining.py',
    '../../../configs/_base_/schedules/lars_0.3.py',
]
find_unused_parameters = False
