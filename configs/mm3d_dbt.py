# M&M-3D on tomosynthesis, fine-tuned from M&M's FFDM weights: train configs/mnm_ffdm.py first, or set load_from.
_base_ = [
    './_base_/default_runtime.py',
    './_base_/models/mnm.py',
    './_base_/datasets/dbt.py',
    './_base_/schedules/adamw_2.5e-5.py',
]
load_from = 'work_dirs/mnm_ffdm/iter_40000.pth'
