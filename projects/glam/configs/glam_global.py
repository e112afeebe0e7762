# Step 1: the global module (S_g).
_base_ = [
    '../../../configs/_base_/selected_runtime.py',
    '../../../configs/_base_/datasets/ffdm_window.py',
    '../../../configs/_base_/models/glam.py',
    '../../../configs/_base_/schedules/adam_1.8e-5.py',
]
