# Step 1 on whole breasts, resized into the window.
_base_ = [
    '../../../configs/_base_/selected_runtime.py',
    '../../../configs/_base_/datasets/ffdm_resized.py',
    '../../../configs/_base_/models/glam.py',
    '../../../configs/_base_/schedules/adam_1.8e-5.py',
]
