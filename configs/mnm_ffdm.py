# M&M on FFDM (Truong Vu et al. 2023), from COCO or ImageNet weights of your choice in load_from.
_base_ = [
    './_base_/default_runtime.py',
    './_base_/models/mnm.py',
    './_base_/datasets/ffdm.py',
    './_base_/schedules/adamw_2.5e-5.py',
]
model = dict(backbone=dict(pretrained=True))
